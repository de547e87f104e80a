/** Every clause is whole and has a case, every case has clauses, and no two cases have one name. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { CHAPTERS } from '../../src/conformance/chapters.js'
import { CLAUSES, PROMISES } from '../../src/conformance/clauses.js'

const cases = CHAPTERS.flatMap((chapter) => chapter.cases)
const ids = CLAUSES.map(({ id }) => id)
const named = new Set(cases.flatMap(({ clauses }) => clauses))

describe('clauses and cases', () => {
  it('there are the 87 clauses of the contract', () => assert.equal(new Set(ids).size, 87))
  it('every clause says what, why and where to look, in sentences of its own', () => {
    for (const { id, says, why, look } of CLAUSES) {
      for (const text of [says, why, look]) assert.match(text, /^\S.*\.$/s, `a text of ${id} is no sentence: ${text}`)
      assert.match(look, /^\P{Lu}/u, `what to look at reads on from “look at:” in ${id}`)
    }
    assert.equal(new Set(CLAUSES.flatMap(({ says, why, look }) => [says, why, look])).size, 3 * CLAUSES.length)
  })
  it('the numbers of a group count up from 1, and its clauses stand together', () => {
    const groups = Map.groupBy(ids, (id) => id.split('-')[0])
    const counted = [...groups].flatMap(([group, those]) => those.map((_, n) => `${group}-${n + 1}`))
    assert.deepEqual(ids, counted)
  })
  it('each promise of the README is one that clauses stand for', () => {
    const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8')
    const promised = [...readme.matchAll(/^(\d)\. (?=[A-Z])/gm)].map(([, number]) => Number(number))
    assert.deepEqual(promised, Object.keys(PROMISES).map(Number))
    assert.deepEqual([...new Set(CLAUSES.map(({ promise }) => promise))].sort(), promised)
  })
  it('every clause has at least one case', () =>
    assert.deepEqual(
      ids.filter((id) => !named.has(id)),
      [],
    ))
  it('no case names a clause that is not there', () =>
    assert.deepEqual(
      [...named].filter((clause) => !ids.includes(clause)),
      [],
    ))
  it('no case is without a clause', () =>
    assert.deepEqual(
      cases.filter(({ clauses }) => clauses.length === 0),
      [],
    ))
  it('no clause stands twice in one name', () => {
    assert.deepEqual(
      cases.filter(({ clauses }) => new Set(clauses).size !== clauses.length).map(({ name }) => name),
      [],
    )
  })
  it('no two cases have one name', () => {
    const names = cases.map(({ name }) => name)
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })
})
