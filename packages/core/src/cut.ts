/** Cut by bytes, at a character: 8 KiB of Greek are 4,096 letters. */
export function cut(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  return `${bytes
    .subarray(0, Math.max(0, maxBytes - 4))
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}
