/** Every clause has a case, every case has clauses, and no two cases have one name. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { CHAPTERS } from '../../src/conformance/chapters.js'
import { CLAUSES } from '../../src/conformance/clauses.js'

const cases = CHAPTERS.flatMap((chapter) => chapter.cases)
const ids = CLAUSES.map(({ id }) => id)
const named = new Set(cases.flatMap(({ clauses }) => clauses))

describe('clauses and cases', () => {
  it('there are the 85 clauses of the contract', () => assert.equal(new Set(ids).size, 85))
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
