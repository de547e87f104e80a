/** Declarations as they stand in a source file, so that a page that shows them cannot say anything else. */
import { readFileSync } from 'node:fs'
import { root } from '../root.ts'

const linesOf = (path: string): string[] => readFileSync(`${root}${path}`, 'utf8').split('\n')

/** `quoted`: the harness for pages leaves the block alone, it compiles where it comes from. */
const block = (lines: readonly string[]): string => ['```ts quoted', ...lines.map(plain), '```'].join('\n')

/** `export` and `readonly` stand on nearly every line; the page says that they are left out. */
const plain = (line: string): string => line.replace(/^export /, '').replace(/\breadonly /g, '')

const isComment = (line: string | undefined): boolean => /^(\/\*\*|\/\/| \*)/.test(line ?? '')
const isHeading = (line: string): boolean => line.startsWith('// ----')

/** With their comments, in the order asked for; names with a space between them. */
export function declarations(path: string, names: string): string {
  const lines = linesOf(path)
  const quoted = names
    .split(' ')
    .flatMap((name, index) => [...(index === 0 ? [] : ['']), ...declaration(lines, name, path)])
  return block(quoted)
}

function declaration(lines: readonly string[], name: string, path: string): string[] {
  const at = lines.findIndex((line) => new RegExp(`^(export )?(interface|type) ${name}\\b`).test(line))
  if (at === -1) throw new Error(`${path} declares no ${name}`)
  let first = at
  while (isComment(lines[first - 1]) && !isHeading(lines[first - 1] ?? '')) first--
  return lines.slice(first, endOf(lines, at) + 1)
}

/** By the formatter's hand: an interface ends at the first brace in column 0, a type before the first line there that is not its own. */
function endOf(lines: readonly string[], at: number): number {
  if (/\binterface\b/.test(lines[at] ?? '')) return lines.indexOf('}', at)
  let last = at
  while (/^\s+\S|^\}/.test(lines[last + 1] ?? '')) last++
  return last
}

/** The rest of the file, from the first line that begins so. */
export function from(path: string, start: string): string {
  const lines = linesOf(path)
  const at = lines.findIndex((line) => line.startsWith(start))
  if (at === -1) throw new Error(`${path} has no line that begins '${start}'`)
  return block(lines.slice(at).join('\n').trimEnd().split('\n'))
}
