import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const STORE = ['keys.ts', 'lmdb-table.ts', 'lmdb-store.ts']

const linesOf = (file: string): string[] =>
  readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*($|\/\/|\/\*|\*)/.test(line))

describe('the store', () => {
  it('is at most 250 lines without blank ones and comments', () => {
    expect(STORE.flatMap(linesOf).length).toBeLessThanOrEqual(250)
  })

  it('is all there: its files import nothing of this example but each other', () => {
    const own = STORE.flatMap(linesOf).flatMap((line) => /from '\.\/(.+)\.js'/.exec(line)?.[1] ?? [])
    expect(STORE).toEqual(expect.arrayContaining(own.map((name) => `${name}.ts`)))
  })
})
