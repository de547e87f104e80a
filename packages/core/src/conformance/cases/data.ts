import assert from 'node:assert/strict'
import type { JobRecord } from '../../record.js'
import type { NewJob } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { reprioritise, succeed } from '../stage/commands.js'
import {
  at,
  changeAll,
  draft,
  eventsOf,
  feedFrom,
  idsOf,
  insertAll,
  insertOne,
  must,
  newJob,
  newJobs,
  only,
  read,
  take,
  takeIds,
  tokenOf,
} from '../stage/fixtures.js'
import { jobIn } from '../stage/job-in.js'

const DEEP = '['.repeat(10_000) + ']'.repeat(10_000)

/** Texts that an engine with JSON, numbers or encodings of its own would give back otherwise. */
const JSON_TEXTS: readonly (readonly [string, string])[] = [
  ['keys out of order', '{"b":1,"a":2,"10":3,"9":4}'],
  ['a key twice', '{"a":1,"a":2}'],
  ['an escaped NUL', '"a\\u0000b"'],
  ['escaped lone surrogates', '["\\ud83d","\\ude00","\\udfff\\ud800"]'],
  ['an escaped pair', '"\\ud83d\\ude00"'],
  ['a number beyond all doubles', '1e400'],
  ['numbers written otherwise', '[1.0,-0,0.1e1,1E2,123456789012345678901234567890,1e-400,0.1000]'],
  ['__proto__', '{"__proto__":{"polluted":true},"constructor":1,"hasOwnProperty":2}'],
  ['white space', ' {\n\t"a" : 1 }\r\n'],
  ['words of other engines', '{"$set":{"a":"$payload"},"$literal":"$$NOW","_id":{"$oid":"1"}}'],
  ['characters of all planes', '"é\u2028\u2029\ufeff\u{1f600}\u{10ffff}\ufffd中\u0301"'],
  ['quotes and backslashes', '"\\"\\\\\'`\\/"'],
  ['10,000 levels', DEEP],
]

const TEXT_FIELDS = ['progress', 'result', 'error', 'checkpoint', 'log', 'ext', 'payload'] as const

const json: readonly StoreCase[] = [
  ...JSON_TEXTS.map(([what, text]) =>
    fact(
      `JSON with ${what} › comes back byte for byte from every field and every way of reading [DATA-1]`,
      async ({ a, b }) => {
        const event = draft('enqueued', { detail: text })
        const made = await insertOne(a, { payload: text, ext: text, event })
        assert.deepEqual([made.payload, made.ext], [text, text])
        const taken = only(await take(a, { event: draft('leased', { detail: text }) }))
        assert.equal(taken.payload, text)
        const beat = { id: made.id, token: tokenOf(taken), progress: text, checkpoint: text, log: text }
        await a.exchange({ beats: [beat] })
        const set = Object.fromEntries(TEXT_FIELDS.map((field) => [field, text]))
        const job = await must(a, { ...succeed(taken), set: { state: 'succeeded', ...set } })
        const { jobs } = await b.list({ walk: 'id', direction: 'asc', limit: 1, bodies: true })
        for (const one of [job, await read(b, made.id), at(jobs, 0)]) {
          for (const field of TEXT_FIELDS) assert.equal(one[field], text, field)
        }
        const details = [await eventsOf(b, made.id), (await feedFrom(b, 'start')).events].map((events) =>
          events.map(({ detail }) => detail),
        )
        assert.deepEqual(details, Array(2).fill([text, text, null]))
        await a.configure([{ kind: 'k', name: 'n', value: text }])
        assert.equal(only(await b.settings('k')).value, text)
      },
    ),
  ),
  fact('1 MiB in a body › comes back byte for byte [DATA-1]', async ({ a, b }) => {
    const text = `"${'0123456789abcdé\u{1f600}'.repeat(2 ** 16).slice(0, 2 ** 20 - 2)}"`
    assert.equal(text.length, 2 ** 20)
    const { id } = await insertOne(a, { payload: text })
    assert.equal((await read(b, id)).payload, text)
    const taken = only(await take(a))
    assert.equal(taken.payload, text)
  }),
  fact('a record of 4 MiB › comes back whole [DATA-1]', async ({ a, b }) => {
    const part = (letter: string): string => JSON.stringify(letter.repeat(2 ** 20 - 1000))
    const { id } = await insertOne(a, { payload: part('p') })
    const taken = only(await takeIds(a, [id]))
    await a.exchange({ beats: [{ id, token: tokenOf(taken), checkpoint: part('c') }] })
    await a.exchange({ beats: [{ id, token: tokenOf(taken), log: part('l') }] })
    const job = await must(a, succeed(taken, undefined, part('r')))
    assert.deepEqual([job.payload, job.checkpoint, job.log, job.result], ['p', 'c', 'l', 'r'].map(part))
    assert.deepEqual(await read(b, id), job)
  }),
]

// ---- text in every field --------------------------------------------------------------------------------------------

const HOSTILE: readonly string[] = [
  '$payload',
  '$$NOW',
  "'; drop table stint_job; --",
  '" or 1=1 --',
  '{tag}',
  '{name}:other',
  '%s%n%d',
  '%',
  '_',
  '__proto__',
  'constructor',
  'null',
  'undefined',
  '0',
  '-0',
  'true',
  '\\',
  '\\u0000',
  'a|b',
  'a:b.c/d',
  ' leading and trailing ',
  '..',
  '*',
  '\u{1f600}é中',
  'e\u0301',
  '\u00e9',
  'ſß',
  'redis.call("flushall")',
  '${1+1}',
  '<script>',
  'x'.repeat(255),
]
/** Ids, queues and types are ASCII of few letters; among them words that engines have other uses for. */
const NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'null',
  '0',
  '-0',
  '1e3',
  'a:b',
  '..',
  '-',
  'x'.repeat(128),
  'A',
  'a',
  '00',
  'toString',
  'stint',
]

const text: readonly StoreCase[] = [
  fact(
    'hostile text in key, worker, actor, tags, group and setting names › is data [DATA-3, DATA-2]',
    async ({ a, b }) => {
      const jobs = HOSTILE.map((word) =>
        newJob({ key: word, group: word, tags: [word.slice(0, 60)], event: draft('enqueued', { actor: word }) }),
      )
      const made = await insertAll(a, jobs)
      assert.deepEqual(
        made.map(({ key, group, tags }) => [key, group, tags]),
        jobs.map(({ key, group, tags }) => [key, group, tags]),
      )
      for (const [index, word] of HOSTILE.entries()) {
        const { id } = at(made, index)
        assert.equal((await b.get([{ queue: 'default', key: word }])).at(0)?.id, id)
        assert.deepEqual(
          idsOf(
            await take(b, {
              token: word,
              workerId: word,
              from: [{ ids: [id] }],
              event: draft('leased', { actor: word }),
            }),
          ),
          [id],
        )
        const held = await read(b, id)
        assert.deepEqual([held.lease?.token, held.lease?.workerId], [word, word])
        await must(a, { ...succeed(held), event: draft('succeeded', { actor: word }) })
        const events = await eventsOf(b, id)
        assert.deepEqual(
          events.map(({ actor }) => actor),
          [word, word, word],
        )
        assert.deepEqual(
          events.map(({ workerId }) => workerId),
          [null, word, word],
        )
        const tagged = await b.list({ walk: 'id', direction: 'asc', limit: 100, tag: word.slice(0, 60) })
        assert.deepEqual(idsOf(tagged.jobs), [id])
      }
      await a.configure(HOSTILE.map((name) => ({ kind: 'k', name, value: JSON.stringify(name) })))
      const settings = await b.settings('k')
      assert.deepEqual(
        settings.map(({ name, value }) => JSON.stringify(name) === value),
        HOSTILE.map(() => true),
      )
      assert.deepEqual(new Set(settings.map(({ name }) => name)), new Set(HOSTILE))
    },
  ),
  fact('hostile JSON strings, with line ends › are data [DATA-3, DATA-1]', async ({ a, b }) => {
    const words = [...HOSTILE, '\r\n', 'a\r\n$5\r\nhello\r\n', '\u0000', '\u001f', '\ud800']
    const jobs = words.map((word) =>
      newJob({
        payload: JSON.stringify({ [word]: word }),
        ext: JSON.stringify(word),
        event: draft('enqueued', { detail: JSON.stringify([word]) }),
      }),
    )
    await insertAll(a, jobs)
    const there = await b.get(idsOf(jobs))
    assert.deepEqual(
      there.map((job) => [job?.payload, job?.ext]),
      jobs.map(({ payload, ext }) => [payload, ext]),
    )
    const changes = (there as JobRecord[]).map((job, n) => ({
      ...reprioritise(job),
      set: { error: JSON.stringify(words[n]), result: JSON.stringify(words[n]) },
    }))
    await changeAll(a, changes)
    const now = await b.get(idsOf(jobs))
    assert.deepEqual(
      now.map((job) => [job?.error, job?.result, job?.version]),
      words.map((word) => [JSON.stringify(word), JSON.stringify(word), 2]),
    )
  }),
  fact(
    'names of ids, queues, types, kinds and event types that engines have other uses for › are names [DATA-3, DATA-2]',
    async ({ a, b }) => {
      const jobs = NAMES.map((name) => newJob({ id: name, queue: name, type: name }))
      await insertAll(a, jobs)
      for (const name of NAMES) {
        assert.deepEqual(idsOf(await take(b, { max: 9, from: [{ queue: name, types: [name], limit: 9 }] })), [name])
        assert.deepEqual(
          (await eventsOf(a, name)).map(({ jobId, queue }) => [jobId, queue]),
          [
            [name, name],
            [name, name],
          ],
        )
        assert.equal(only(await a.configure([{ kind: name, name: 'n', value: '1' }])).ok, true)
        assert.deepEqual(
          (await b.settings(name)).map(({ kind }) => kind),
          [name],
        )
      }
      assert.deepEqual(idsOf((await b.list({ walk: 'id', direction: 'asc', limit: 100 })).jobs), [...NAMES].sort())
      assert.equal((await b.stats()).filter(({ count }) => count === 1).length, NAMES.length)
    },
  ),
  fact('the greatest and least of everything › is kept [DATA-2]', async ({ a, b }) => {
    const most: Partial<NewJob> = {
      id: 'i'.repeat(128),
      queue: `q/${'q'.repeat(126)}`,
      type: `t/${'t'.repeat(126)}`,
      key: 'k'.repeat(255),
      group: 'g'.repeat(255),
      tags: Array.from({ length: 16 }, (_, n) => String.fromCharCode(97 + n).repeat(64)),
      priority: 100,
      maxAttempts: 2 ** 31 - 1,
      run: { at: 2 ** 45 - 1 },
    }
    const job = await insertOne(a, most)
    const { run: _, ...rest } = most
    assert.deepEqual({ ...job, ...rest, runAt: 2 ** 45 - 1 }, job)
    assert.deepEqual(await read(b, job.id), job)
    const changed = await must(a, {
      id: job.id,
      guard: { version: 1 },
      set: { run: { at: 0 }, priority: 0 },
      event: draft('edited'),
    })
    assert.deepEqual([changed.runAt, changed.priority], [0, 0])
    const taken = only(
      await take(a, { token: 't'.repeat(255), workerId: 'w'.repeat(255), from: [{ queue: job.queue, limit: 1 }] }),
    )
    assert.equal(taken.lease?.workerId, 'w'.repeat(255))
    const attempts = { id: job.id, guard: { version: 3 }, set: { maxAttempts: 1 }, event: draft('progressed') }
    assert.equal((await must(a, attempts)).maxAttempts, 1)
  }),
  fact('null, "", "null", 0 and −0 › stay apart, and −0 is 0 [DATA-4]', async ({ a, b }) => {
    const payloads = [null, '""', '"null"', 'null', '0', '-0', 'false', '{}', '[]']
    const made = await insertAll(
      a,
      payloads.map((payload) => newJob({ payload })),
    )
    assert.deepEqual(
      (await b.get(idsOf(made))).map((job) => job?.payload),
      payloads,
    )
    const zero = await insertOne(a, { priority: -0, run: { at: -0 } })
    for (const job of [zero, await read(b, zero.id)]) assert.ok(Object.is(job.priority, 0) && Object.is(job.runAt, 0))
    for (const text of payloads) {
      const { job, token } = await jobIn(a, 'running', { queue: 'fields' })
      const done = await must(a, {
        id: job.id,
        guard: { token },
        set: { state: 'succeeded', result: text, error: text, progress: text },
        event: draft('succeeded', { detail: text }),
      })
      assert.deepEqual([done.result, done.error, done.progress], [text, text, text])
      assert.equal((await eventsOf(b, job.id)).at(-1)?.detail, text)
    }
  }),
  fact('tags and actors that differ in case, accents or blanks › are different [DATA-3, DATA-4]', async ({ a, b }) => {
    const tags = ['a', 'A', 'a ', 'á', 'a\u0301', 'null', '0']
    const made = await insertAll(
      a,
      tags.map((tag) => newJob({ tags: [tag] })),
    )
    for (const [index, tag] of tags.entries()) {
      assert.deepEqual(idsOf((await b.list({ walk: 'id', direction: 'asc', limit: 50, tag })).jobs), [
        at(made, index).id,
      ])
    }
    await insertAll(a, newJobs(1))
    assert.deepEqual((await b.list({ walk: 'id', direction: 'asc', limit: 50, tag: 'z' })).jobs, [])
  }),
]

export const data: readonly StoreCase[] = [...json, ...text]
