import { defineJob, handle, isStintError, JobQueue, type NewJob, unchecked } from '@stint/core'
import { checkInvariants } from '@stint/core/conformance'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { cancelOf, claimOf, draft, newJob } from '../../../core/test/table-store/build.js'
import { type PostgresTx, postgresStore } from '../../src/index.js'
import { channelOf } from '../../src/wake.js'
import { destroy, newSchema, url } from '../support/place.js'
import { begun, type Door } from './doors/door.js'
import { DOORS, House, NESTING, ORMS } from './every-door.js'

const onEachDoor = (doors: typeof DOORS, facts: (inside: () => Walk) => void): void =>
  describe.skipIf(inject('postgresUrl') === null).each(doors)('a transaction of %s', (_, open) => {
    let walk: Walk
    const jobsSchema = newSchema('orm_jobs')
    beforeAll(async () => {
      const house = new House()
      await house.build()
      const store = postgresStore({ url: url(), schema: jobsSchema, deadline: '3s' })
      await store.open()
      walk = { house, store, door: await house.open(open), alone: () => house.open(open, { max: 1 }), jobsSchema }
    })
    afterAll(async () => {
      await checkInvariants(walk.store)
      await walk.store.close()
      await walk.house.leave()
      await destroy(jobsSchema)
    })
    facts(() => walk)
  })

interface Walk {
  readonly house: House
  readonly store: ReturnType<typeof postgresStore>
  readonly door: Door
  /** The same with one connection, so that the next transaction has that of the one before. */
  alone(): Promise<Door>
  readonly jobsSchema: string
}

const ORDER = new Error('the card was refused')
const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

onEachDoor(DOORS, (walk) => {
  test('the user’s row and the job › commit together, and roll back together [TX-1]', async () => {
    const { door, house, store } = walk()
    await door.transaction(async ({ tx, order }) => {
      await order(1)
      await store.exchange({ inserts: [newJob('job-1', { key: 'k1' })] }, { tx })
      expect(await store.get(['job-1'])).toEqual([null])
    })
    const rolledBack = door.transaction(async ({ tx, order }) => {
      await order(2)
      await store.exchange({ inserts: [newJob('job-2', { key: 'k2' })] }, { tx })
      throw ORDER
    })
    await expect(rolledBack).rejects.toBe(ORDER)
    expect(await house.orders()).toEqual([1])
    expect((await store.get(['job-1', 'job-2', { queue: 'mail', key: 'k2' }])).map((job) => job?.id)).toEqual([
      'job-1',
      undefined,
      undefined,
    ])
  })

  test('a completion by a handler › is one with the user’s row, also where a first try is rolled back [TX-1]', async () => {
    const { door, house, jobsSchema } = walk()
    const receipt = defineJob({
      type: 'receipt',
      queue: 'receipts',
      payload: unchecked<{ order: number }>(),
      result: unchecked<string>(),
      backoff: { kind: 'fixed', base: 0 },
    })
    await using jobs = new JobQueue({ store: postgresStore({ url: url(), schema: jobsSchema }) })
    const seen: string[] = []
    jobs.work(
      handle(receipt, (held) => {
        const written = door.transaction(async ({ tx, order }) => {
          await order(held.payload.order)
          await jobs.withTx(tx).succeed(held, `written ${held.attempt}`)
          if (held.attempt === 1) throw ORDER
        })
        return written.then(
          () => 'ignored',
          async (error: unknown) => {
            seen.push(`${(await jobs.get(held.job.id))?.state}, ${(await house.orders()).includes(held.payload.order)}`)
            throw error
          },
        )
      }),
    )
    const job = await jobs.enqueue(receipt, { order: 10 })
    expect(await jobs.result(job, { timeout: '10s' })).toBe('written 2')
    expect(seen).toEqual(['running, false'])
    expect(await house.orders()).toContain(10)
  })

  test('a failure, a beat and a change by state › are part of it too [TX-1]', async () => {
    const { door, store } = walk()
    await store.exchange({ inserts: ['fails', 'beats', 'edited'].map((id) => newJob(id, { queue: 'changes' })) })
    await store.exchange({
      claims: [claimOf('token', { from: [{ ids: ['fails', 'beats'] }] })],
    })
    await door.transaction(async ({ tx }) => {
      const answer = await store.exchange(
        {
          changes: [
            {
              id: 'fails',
              guard: { token: 'token' },
              set: { state: 'failed', error: '{"message":"$1 ? no"}' },
              event: draft('failed'),
            },
            {
              id: 'edited',
              guard: { states: ['queued'] },
              set: { priority: 7, tags: ['a"b', '{}', 'NULL', 'ä,\\'] },
              event: draft('edited'),
            },
          ],
          beats: [{ id: 'beats', token: 'token', leaseMs: 60_000, progress: '0.5', log: 'half\n' }],
        },
        { tx },
      )
      expect([...answer.changes, ...answer.beats].map(({ ok }) => ok)).toEqual([true, true, true])
    })
    expect(await store.get(['fails', 'beats', 'edited'])).toMatchObject([
      { state: 'failed', error: '{"message":"$1 ? no"}' },
      { state: 'running', progress: '0.5', log: 'half\n' },
      { priority: 7, tags: ['a"b', '{}', 'NULL', 'ä,\\'] },
    ])
  })

  test('an error of Stint inside, a duplicate, a refusal › leave it usable: what follows commits [TX-2]', async () => {
    const { door, house, store } = walk()
    await store.exchange({ inserts: [newJob('there', { key: 'taken' })] })
    await store.exchange({ changes: [cancelOf('there')] })
    await store.exchange({ inserts: [newJob('holder', { key: 'taken' })] })
    await door.transaction(async ({ tx, order }) => {
      await expect(store.exchange({ claims: [claimOf('t')] }, { tx })).rejects.toThrow(TypeError)
      const { inserts, changes } = await store.exchange(
        { inserts: [newJob('there'), newJob('other', { key: 'taken' })], changes: [cancelOf('nobody')] },
        { tx },
      )
      expect([inserts.map(({ isNew, job }) => [isNew, job.id]), changes[0]?.ok]).toEqual([
        [
          [false, 'there'],
          [false, 'holder'],
        ],
        false,
      ])
      await order(20)
      await store.exchange({ inserts: [newJob('after')] }, { tx })
    })
    expect(await house.orders()).toContain(20)
    expect((await store.get(['after']))[0]?.state).toBe('queued')
  })

  test('payloads and names that mean something to others › are data [DATA-1, DATA-3]', async () => {
    const { door, store } = walk()
    const texts = [
      '{"a":"$1 ? ?? \\\\? :name :a: ::text {{x}} %s"}',
      '"\\u0000 \\ud800 \\" \\\\"',
      '{"prisma__type":"date","prisma__value":"2020-01-01T00:00:00.000Z"}',
      '"2020-01-01T00:00:00.000Z"',
      '12345678901234567890123',
      'null',
      '[]',
      `"${'é\u{1F600}'.repeat(200_000)}"`,
    ]
    const odd = ["'; --", '2020-01-01T00:00:00.000Z', 'aGVsbG8=', '{}', '{"a":1}', 'NULL', '\\x00', '?', '$1', ':id']
    const inserts: NewJob[] = [
      ...texts.map((payload, i) => newJob(`text-${i}`, { payload, ext: payload.length < 1000 ? payload : null })),
      ...odd.map((text, i) =>
        newJob(`odd-${i}`, { key: text, group: text, tags: [text, '"', '\\', ','], queue: 'odd', priority: i }),
      ),
      newJob('bare', { payload: null, run: { at: 2 ** 44 } }),
    ]
    let answers: unknown[] = []
    await door.transaction(async ({ tx }) => {
      answers = (await store.exchange({ inserts }, { tx })).inserts.map(({ job }) => job)
      const again = await store.exchange({ inserts }, { tx })
      expect(again.inserts).toEqual(answers.map((job) => ({ isNew: false, job })))
    })
    const read = await store.get(inserts.map(({ id }) => id))
    expect(read).toEqual(answers)
    expect(read.map((job) => [job?.payload, job?.key, job?.tags])).toEqual(
      inserts.map(({ payload, key, tags }) => [payload, key, tags]),
    )
  })

  test('five hundred jobs › are one batch as any other [BATCH-2]', async () => {
    const { door, store } = walk()
    const inserts = Array.from({ length: 500 }, (_, i) => newJob(`many-${i}`, { queue: 'many', key: `k-${i}` }))
    await door.transaction(async ({ tx }) => {
      const answer = await store.exchange({ inserts }, { tx })
      expect(answer.inserts.filter(({ isNew }) => isNew)).toHaveLength(500)
    })
    expect((await store.stats()).filter(({ queue }) => queue === 'many')).toEqual([
      { queue: 'many', state: 'queued', count: 500 },
    ])
  })

  test('as its user has set it up › it is again behind a call, which ran by plans of its own', async () => {
    const { door, store } = walk()
    const names = [
      'jit',
      'enable_seqscan',
      'enable_nestloop',
      'enable_mergejoin',
      'enable_bitmapscan',
      'statement_timeout',
    ]
    const settings = async (tx: PostgresTx): Promise<unknown> =>
      (await tx.query('select name, setting from pg_settings where name = any($1::text[]) order by name', [names])).rows
    await door.transaction(async ({ tx }) => {
      await tx.query('set local jit = on', [])
      await tx.query('set local enable_mergejoin = off', [])
      const before = await settings(tx)
      expect(JSON.stringify(before)).toMatch(/"enable_mergejoin","setting":"off".*"jit","setting":"on"/)
      let during: unknown
      const watched: PostgresTx = {
        async query(text, values) {
          if (text.includes('insert into')) during = await settings(tx)
          return tx.query(text, values)
        },
      }
      await store.exchange({ inserts: [newJob('planned')] }, { tx: watched })
      expect(JSON.stringify(during)).not.toContain('"on"')
      expect(await settings(tx)).toEqual(before)
    })
  })

  test('of a sleeper in another process › wakes it by its commit', async () => {
    const { door, house, store, jobsSchema } = walk()
    await house.ask(`insert into "${jobsSchema}".sleeper values ('another', clock_timestamp() + interval '1 hour')`)
    const told = await house.nextNotification(channelOf(jobsSchema))
    await door.transaction(async ({ tx }) => void (await store.exchange({ inserts: [newJob('wakes')] }, { tx })))
    expect(await told()).toBe('[null,["mail"],[]]')
    await house.ask(`delete from "${jobsSchema}".sleeper where id = 'another'`)
  })

  test('with a change that others made since › is TX_FAILED, to be run again, and tells no payload [TX-2]', async () => {
    const { door, store } = walk()
    await store.exchange({ inserts: [newJob('contended')] })
    let error: unknown
    await errorOf(
      door.transaction(async ({ tx, order }) => {
        await order(30)
        await store.exchange({ changes: [cancelOf('contended')] })
        const edit = { ...cancelOf('contended'), set: { payload: '"secret"' } }
        error = await errorOf(store.exchange({ changes: [edit] }, { tx }))
        throw ORDER
      }, 'repeatable read'),
    )
    expect(isStintError(error, 'TX_FAILED') && error.message).toMatch(/Run it again\. \(40001: could not serialize/)
    expect(String((error as Error).message)).not.toContain('contended')
  })

  test('with a statement of the user’s that failed › is TX_FAILED, to be rolled back, and tells no payload', async () => {
    const { door, store } = walk()
    let error: unknown
    const failed = door.transaction(async ({ tx, order }) => {
      await order(40)
      await errorOf(order(40))
      error = await errorOf(store.exchange({ inserts: [newJob('late', { payload: '"secret"' })] }, { tx }))
      throw error
    })
    await expect(failed).rejects.toMatchObject({ code: 'TX_FAILED' })
    expect((error as Error).message).toMatch(/Roll it back\. \(25P02: current transaction is aborted/)
    expect(await store.get(['late'])).toEqual([null])
  })

  test('that ends while a call in it is under way › rejects the call: nobody takes it for part of the transaction', async () => {
    const { door, store } = walk()
    for (let n = 0; n < 20; n++) {
      let late: Promise<unknown> = Promise.resolve()
      await door.transaction(async ({ tx }) => {
        late = errorOf(store.exchange({ inserts: [newJob(`unawaited-${n}`, { key: `u-${n}` })] }, { tx }))
      })
      expect(await late).toMatchObject({ code: expect.stringMatching(/^(TX_FAILED|OUTCOME_UNKNOWN)$/) })
    }
  })

  test('a call without `tx` that waits for it › is told what it waits for, where the ORM says that it is open', async () => {
    const { door, store } = walk()
    await store.exchange({ inserts: [newJob('mine')] })
    const transaction = await begun(door)
    await store.exchange({ changes: [cancelOf('mine')] }, { tx: transaction.tx as PostgresTx })
    const error = await errorOf(store.exchange({ changes: [{ ...cancelOf('mine'), set: { priority: 1 } }] }))
    await transaction.commit()
    expect(isStintError(error, 'STORE_UNAVAILABLE')).toBe(true)
    expect(/use withTx/.test(String(error))).toBe(door.tellsStatus)
  })
})

onEachDoor(ORMS, (walk) => {
  test('that is over › is TX_FAILED, and nothing is written, whatever its connection does by then', async () => {
    const { alone, store } = walk()
    const door = await alone()
    const kept: PostgresTx[] = []
    await door.transaction(async ({ tx }) => {
      kept.push(tx)
      await store.exchange({ inserts: [newJob('in-time')] }, { tx })
    })
    await errorOf(
      door.transaction(async ({ tx }) => {
        kept.push(tx)
        throw ORDER
      }),
    )
    const refused = async (): Promise<void> => {
      for (const [i, tx] of kept.entries()) {
        const error = await errorOf(store.exchange({ inserts: [newJob(`too-late-${i}`)] }, { tx }))
        expect(isStintError(error, 'TX_FAILED') && error.message).toMatch(/the transaction is over/)
      }
    }
    await refused()
    await door.transaction(refused)
    expect((await store.get(['in-time', 'too-late-0', 'too-late-1'])).map((job) => job?.id)).toEqual([
      'in-time',
      undefined,
      undefined,
    ])
  })

  test('something else than a transaction › is a TypeError that says what to give', () => {
    expect(() => walk().door.mistake()).toThrow(/from\w+\(tx\): expected the `tr?x` of/)
    expect(() => walk().door.mistake()).toThrow(TypeError)
  })
})

onEachDoor(NESTING, (walk) => {
  test('with another inside that rolls back › keeps its own job and loses that of the other [TX-1]', async () => {
    const { door, house, store } = walk()
    await door.transaction(async ({ tx, order, nested }) => {
      await store.exchange({ inserts: [newJob('outer')] }, { tx })
      const inner = nested(async (inside) => {
        await inside.order(50)
        await store.exchange({ inserts: [newJob('undone', { key: 'nested' })] }, { tx: inside.tx })
        throw ORDER
      })
      await expect(inner).rejects.toBe(ORDER)
      await nested(async (inside) => {
        await inside.order(51)
        const insert = { inserts: [newJob('inner', { key: 'nested' })] }
        expect((await store.exchange(insert, { tx: inside.tx })).inserts[0]?.isNew).toBe(true)
      })
      await order(52)
    })
    expect((await store.get(['outer', 'undone', 'inner'])).map((job) => job?.id)).toEqual(['outer', undefined, 'inner'])
    expect(await house.orders()).toEqual([51, 52])
  })
})
