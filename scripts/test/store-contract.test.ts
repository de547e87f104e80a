import { describe, expect, it } from 'vitest'
import { folded } from '../store-contract/fold-names.ts'
import { declarations } from '../store-contract/quote.ts'

describe('names of cases that a loop made', () => {
  it('stand on one line, with what they differ in', () => {
    expect(
      folded([
        'insert › of a key that a waiting job holds › answers with it',
        'get › of 1,000 ids › answers with all',
        'insert › of a key that a queued job holds › answers with it',
        'insert › of a key that a leased job holds › answers with it',
      ]),
    ).toEqual([
      'insert › of a key that a waiting, queued or leased job holds › answers with it',
      'get › of 1,000 ids › answers with all',
    ])
  })
  it('fold by circumstance first, so that a subject stands with all its circumstances, and then by subject', () => {
    const names = [
      ...['start', 'retry'].flatMap((one) => ['dead', 'failed'].map((state) => `${one} › of a ${state} job › no`)),
      ...['dead', 'failed', 'queued'].map((state) => `cancel › of a ${state} job › no`),
    ]
    expect(folded(names)).toEqual([
      'start or retry › of a dead or failed job › no',
      'cancel › of a dead, failed or queued job › no',
    ])
  })
  it('stay apart where what holds differs', () => {
    const names = ['claim › of a queued job › takes it', 'claim › of a queued job › answers with it']
    expect(folded(names)).toEqual(names)
  })
})

describe('declarations of a source', () => {
  const STORE = 'packages/core/src/store.ts'
  const linesOf = (name: string): string[] => declarations(STORE, name).split('\n')

  it('come with their comments and to their ends, without export and readonly', () => {
    expect(linesOf('EventDraft')).toEqual([
      '```ts quoted',
      'interface EventDraft {',
      '  type: string',
      '  actor: string | null',
      '  detail: JsonText | null',
      '}',
      '```',
    ])
    expect(linesOf('Patch')[1]).toMatch(/^\/\*\* Absent/)
    expect(linesOf('ChangeResult').at(-2)).toContain("why: 'key'")
    expect(linesOf('IdWalk').at(-2)).toBe('}')
    expect(linesOf('ListQuery')).toHaveLength(3)
  })
  it('that are not there are an error', () => expect(() => linesOf('Nothing')).toThrow('declares no Nothing'))
})
