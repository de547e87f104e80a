/** Every clause has a case, every case has clauses, and no two cases have one name. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { CHAPTERS, CLAUSES } from './index.js'

const cases = CHAPTERS.flatMap((chapter) => chapter.cases)
const named = new Set(cases.flatMap(({ clauses }) => clauses))

describe('clauses and cases', () => {
  it('there are the 85 clauses of the contract', () => assert.equal(new Set(CLAUSES).size, 85))
  it('every clause has at least one case', () =>
    assert.deepEqual(
      CLAUSES.filter((clause) => !named.has(clause)),
      [],
    ))
  it('no case names a clause that is not there', () =>
    assert.deepEqual(
      [...named].filter((clause) => !CLAUSES.includes(clause)),
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
