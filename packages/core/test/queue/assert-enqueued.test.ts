import assert from 'node:assert/strict'
import { defineJob, unchecked } from '@stint/core'
import { assertEnqueued, refuteEnqueued } from '@stint/core/testing'
import { describe, test } from 'vitest'
import { ALL_STATES, inState, job } from './in-state.js'
import { world } from './world.js'

const mail = defineJob({ type: 'mail', payload: unchecked<{ to: string; opts?: { cc?: string[]; at?: string } }>() })
const thrownBy = (call: Promise<unknown>): Promise<Error & { actual?: unknown; expected?: unknown }> =>
  call.then(
    () => assert.fail('it passed'),
    (error) => error,
  )

describe('assertEnqueued', () => {
  test('answers the first unfinished job of that type whose payload contains what is given, to any depth', async () => {
    const { jobs } = world()
    await jobs.enqueue(job, { to: 'ada' })
    const first = await jobs.enqueue(mail, { to: 'ada', opts: { cc: ['a', 'b'], at: 'noon' } })
    const second = await jobs.enqueue(mail, { to: 'bob' }, { delay: '7d', queue: 'bulk' })
    assert.equal((await assertEnqueued(jobs, mail)).id, first.id)
    assert.equal((await assertEnqueued(jobs, mail, {})).id, first.id)
    assert.equal((await assertEnqueued(jobs, mail, { to: 'bob' })).id, second.id)
    assert.equal((await assertEnqueued(jobs, mail, { opts: { at: 'noon' } })).id, first.id)
    assert.equal((await assertEnqueued(jobs, mail, { opts: { cc: ['a', 'b'] } })).id, first.id)
    for (const none of [{ to: 'eve' }, { to: 'ada', opts: { at: 'night' } }, { opts: { cc: ['a'] } }, { no: 'such' }]) {
      await thrownBy(assertEnqueued(jobs, mail, none as never))
      await refuteEnqueued(jobs, mail, none as never)
    }
  })

  test.each(ALL_STATES)('a job that is %s › counts while it is not over', async (state) => {
    const here = world()
    await inState(here, state)
    const isOver = ['succeeded', 'failed', 'dead', 'cancelled'].includes(state)
    await (isOver ? refuteEnqueued(here.jobs, job) : assertEnqueued(here.jobs, job))
    await thrownBy(isOver ? assertEnqueued(here.jobs, job) : refuteEnqueued(here.jobs, job))
  })

  test('none › an AssertionError that lists what there is instead', async () => {
    const { jobs } = world()
    const empty = await thrownBy(assertEnqueued(jobs, mail))
    assert.deepEqual(
      [empty instanceof assert.AssertionError, empty.message],
      [true, 'Expected an unfinished "mail" job. There is no unfinished job of that type.'],
    )
    for (const to of ['bob', 'eve']) await jobs.enqueue(mail, { to }, { id: to })
    const error = await thrownBy(assertEnqueued(jobs, mail, { to: 'ada' }))
    assert.equal(
      error.message,
      'Expected an unfinished "mail" job with a payload that contains {"to":"ada"}. There are:\n' +
        '- bob in "default", queued, due 2030-01-01T00:00:00.000Z: {"to":"bob"}\n' +
        '- eve in "default", queued, due 2030-01-01T00:00:00.000Z: {"to":"eve"}',
    )
    assert.deepEqual([error.expected, error.actual], [{ to: 'ada' }, [{ to: 'bob' }, { to: 'eve' }]])
  })

  test('a crowd › only some are shown; the one behind thousands is found', async () => {
    const { jobs } = world()
    for (let i = 0; i < 3; i++)
      await jobs.enqueueMany(Array.from({ length: 500 }, () => ({ job: mail, payload: { to: 'x' } })))
    const last = await jobs.enqueue(mail, { to: 'last' })
    assert.equal((await assertEnqueued(jobs, mail, { to: 'last' })).id, last.id)
    assert.equal((await thrownBy(assertEnqueued(jobs, mail, { to: 'none' }))).message.split('\n').length, 11)
  })
})

describe('refuteEnqueued', () => {
  test('one is there › an AssertionError that shows it', async () => {
    const { jobs } = world()
    await jobs.enqueue(mail, { to: 'ada' }, { id: 'a', delay: '1h' })
    const error = await thrownBy(refuteEnqueued(jobs, mail, { to: 'ada' }))
    assert.deepEqual(
      [error instanceof assert.AssertionError, error.message],
      [
        true,
        'Expected no unfinished "mail" job. There is:\n- a in "default", queued, due 2030-01-01T01:00:00.000Z: {"to":"ada"}',
      ],
    )
  })
})
