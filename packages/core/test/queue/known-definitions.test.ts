import assert from 'node:assert/strict'
import { defineJob, unchecked } from '@stint/core'
import { describe, test } from 'vitest'
import { KnownDefinitions } from '../../src/known-definitions.js'

const schema = unchecked<{ a: 1 }>()
const other = { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } }
const bare = () => defineJob({ type: 'a' })

describe('known definitions', () => {
  test('met once › known by its type; a bare name borrows from it, before or after', () => {
    const known = new KnownDefinitions()
    assert.equal(known.isEmpty, true)
    const full = defineJob({ type: 'a', payload: other, maxAttempts: 3 })
    const name = bare()
    assert.equal(known.meet(name), name)
    assert.equal(known.meet(full), full, 'the one that says more takes the place')
    assert.equal(known.meet(name), full)
    assert.equal(known.meet(bare()), full)
    assert.deepEqual([known.get('a'), known.get('b'), known.isEmpty], [full, undefined, false])
  })

  test('defined twice › fine when both say the same, in whatever order of fields; else TypeError', () => {
    const known = new KnownDefinitions([defineJob({ type: 'a', payload: other, maxAttempts: 3, priority: 1 })])
    known.meet(defineJob({ type: 'a', priority: 1, maxAttempts: 3, payload: other }))
    for (const wrong of [
      { maxAttempts: 4, priority: 1, payload: other },
      { maxAttempts: 3, priority: 1 },
      { maxAttempts: 3, priority: 1, payload: other, result: other },
      { maxAttempts: 3, payload: other },
    ])
      assert.throws(
        () => known.meet(defineJob({ type: 'a', ...wrong })),
        /^TypeError: The job type "a" is defined twice/,
      )
    assert.throws(
      () => new KnownDefinitions([defineJob({ type: 'a', priority: 1 }), defineJob({ type: 'a', priority: 2 })]),
      TypeError,
    )
  })

  test('unchecked schemas are one and the same', () => {
    const known = new KnownDefinitions([defineJob({ type: 'a', payload: schema, priority: 2 })])
    assert.equal(known.meet(defineJob({ type: 'a', payload: unchecked<string>(), priority: 2 })).priority, 2)
  })
})

describe('defineJob', () => {
  test('pure and frozen; a malformed name, policy or schema › TypeError where it is made', () => {
    assert.equal(Object.isFrozen(bare()), true)
    assert.throws(() => defineJob({ type: 'a b' }), /^TypeError: type/)
    assert.throws(() => defineJob({ type: 'a', queue: '' }), /^TypeError: queue/)
    assert.throws(() => defineJob({ type: 'a', timeout: 'x' as never }), /^TypeError: timeout/)
    for (const payload of [{}, null, 'x', { '~standard': {} }])
      assert.throws(
        () => defineJob({ type: 'a', payload: payload as never }),
        /^TypeError: payload: expected a Standard Schema/,
      )
  })
})
