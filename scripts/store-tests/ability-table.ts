/** Holds the README's table of abilities to what a store declares, so that neither says what the other does not. */
import { readFileSync } from 'node:fs'
import type { Capabilities } from '@stint/core'
import { expect, test } from 'vitest'
import { root } from '../root.js'

/** What stands first in a cell. */
const WORDS: ReadonlyMap<boolean | string, string> = new Map<boolean | string, string>([
  [true, 'yes'],
  [false, 'no'],
  ['none', 'none'],
  ['sync', 'synchronous'],
  ['async', 'asynchronous'],
])

/** `column`: how the README's table heads it. `declared`: of a store that is open, with the options that the column is about. */
export function holdsToAbilityTable(column: string, declared: () => Promise<Capabilities> | Capabilities): void {
  test(`the README's table says of ${column} what the store declares`, async () => {
    const capabilities = Object.entries(await declared()).map(([name, value]) => [name, WORDS.get(value)])
    expect(Object.fromEntries(tableColumn(column))).toEqual(Object.fromEntries(capabilities))
  })
}

function tableColumn(column: string): (readonly [ability: string, word: string])[] {
  const [head = [], , ...rows] = readFileSync(`${root}README.md`, 'utf8')
    .split('\n')
    .slice(...tableLines())
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const at = head.indexOf(column)
  if (at < 0) throw new Error(`the table has no column '${column}', only ${head.join(', ')}`)
  return rows.map((cells) => [(cells[0] ?? '').replaceAll('`', ''), /^\w*/.exec(cells[at] ?? '')?.[0] ?? ''])
}

/** From where to where in the README the table stands. */
function tableLines(): [from: number, to: number] {
  const lines = readFileSync(`${root}README.md`, 'utf8').split('\n')
  const from = lines.findIndex((line, n) => line.startsWith('| |') && (lines[n + 2] ?? '').includes('`survives'))
  return [from, lines.findIndex((line, n) => n > from && !line.startsWith('|'))]
}
