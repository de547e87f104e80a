const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const

export type Colour = keyof typeof CODES
export type Paint = (colour: Colour, text: string) => string

export const plain: Paint = (_colour, text) => text

/** Only where a person looks, and wants it (https://no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const isWanted = stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  if (!isWanted) return plain
  return (colour, text) => {
    const [on, off] = CODES[colour]
    return text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`
  }
}
