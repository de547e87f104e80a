/**
 * The least that MongoDB has to do for a job with its events inside: plain operators, the server's time read in the find, two round trips. A large
 * exchange settles beside the find; a small one settles and claims in one command. This layout answers less than the contract asks: its feed is a
 * time stamp, its counts are counted, an insert takes the clock as its client knows it.
 */
import { newJobId } from '@stint/core'
import { type Collection, type Db, MongoClient } from 'mongodb'
import { LEASE_MS, type Loop, MAX_ATTEMPTS, newToken, PAYLOAD, PRIORITY, QUEUE, TYPE, WORKER } from '../loop.ts'

const there = (field: string): object => ({ [field]: { $exists: true } })
const INDEXES = [
  { name: 'ready', key: { rq: 1, ty: 1, pr: -1, ra: 1, _id: 1 }, partialFilterExpression: there('rq') },
  { name: 'lease', key: { lu: 1, tk: 1 }, partialFilterExpression: there('lu') },
  { name: 'uniq', key: { q: 1, uk: 1 }, unique: true, partialFilterExpression: there('uk') },
  { name: 'state', key: { q: 1, st: 1, _id: 1 } },
  { name: 'done', key: { fin: 1 }, partialFilterExpression: there('fin') },
  { name: 'feed', key: { u: 1, _id: 1 } },
] as const

const CONCERN = { w: 'majority', j: true } as const
/** Up to so many settles and claims go in one command. */
const SMALL = 32

interface Candidate {
  readonly _id: string
  readonly v: number
  readonly now: Date
}

interface Claimed {
  readonly jobs: readonly Candidate[]
  readonly token: string
}

export class MongoRaw implements Loop {
  readonly #client: MongoClient
  readonly #db: Db
  readonly #queues: Collection<{ _id: string }>
  #held: Claimed = { jobs: [], token: '' }
  #offsetMs = 0

  private constructor(client: MongoClient, db: Db) {
    this.#client = client
    this.#db = db
    this.#queues = db.collection('queues')
  }

  static async open(url: string, name: string): Promise<MongoRaw> {
    const client = await new MongoClient(url, { retryWrites: false, ignoreUndefined: true }).connect()
    const db = client.db(name)
    await db.command({ createIndexes: 'jobs', indexes: INDEXES.map((index) => ({ ...index })), writeConcern: CONCERN })
    await db.collection<{ _id: string }>('queues').insertOne({ _id: QUEUE }, { writeConcern: CONCERN })
    return new MongoRaw(client, db)
  }

  async enqueue(count: number): Promise<void> {
    const t = new Date(Date.now() + this.#offsetMs)
    const documents = Array.from({ length: count }, () => ({
      ...{
        _id: newJobId(),
        q: QUEUE,
        ty: TYPE,
        pr: PRIORITY,
        ra: t,
        st: 1,
        at: 0,
        v: 1,
        mx: MAX_ATTEMPTS,
        p: PAYLOAD,
        rq: QUEUE,
      },
      ...{ ca: t, ua: t, eb: 0, ev: [{ e: 'enqueued', t, f: null, s: 1, at: 0 }] },
    }))
    const reply = await this.#db.command({ insert: 'jobs', documents, ordered: false, writeConcern: CONCERN })
    if (reply['n'] !== count) throw new Error('an insert met a job of the same id')
  }

  async exchange(most: number): Promise<number> {
    const settles = this.#settles()
    const isSmall = this.#held.jobs.length + most <= SMALL
    const [found, paused] = await Promise.all([
      this.#candidates(most),
      this.#queues.findOne({ _id: QUEUE, paused: true }),
      isSmall ? null : this.#update(settles),
    ])
    const jobs = paused === null ? found : []
    const token = newToken()
    const done = await this.#update([...(isSmall ? settles : []), ...claims(jobs, token)])
    if (done !== jobs.length + (isSmall ? this.#held.jobs.length : 0))
      throw new Error('a claim or a settle was refused')
    this.#held = { jobs: jobs.map((job) => ({ ...job, v: job.v + 1 })), token }
    return jobs.length
  }

  async upkeep(): Promise<void> {}

  close(): Promise<void> {
    return this.#client.close(true)
  }

  async #candidates(most: number): Promise<Candidate[]> {
    const due = { rq: QUEUE, ty: { $in: [TYPE] }, $expr: { $lte: ['$ra', '$$NOW'] } }
    const shape = { hint: 'ready', singleBatch: true, batchSize: most, limit: most } as const
    const found = await this.#db
      .collection<Candidate>('jobs')
      .find(due, {
        ...shape,
        sort: { pr: -1, ra: 1, _id: 1 },
        projection: {
          _id: 1,
          q: 1,
          ty: 1,
          pr: 1,
          ra: 1,
          at: 1,
          v: 1,
          mx: 1,
          p: 1,
          ca: 1,
          ua: 1,
          ck: 1,
          pg: 1,
          ev: 1,
          now: '$$NOW',
        },
      })
      .toArray()
    const [first] = found
    if (first !== undefined) this.#offsetMs = first.now.getTime() - Date.now()
    return found
  }

  #settles(): object[] {
    const { jobs, token } = this.#held
    if (jobs.length === 0) return []
    const t = new Date(Date.now() + this.#offsetMs)
    const u = {
      $set: { st: 4, fin: t, ua: t },
      $unset: { tk: 1, wk: 1, lu: 1, lm: 1 },
      $inc: { v: 1 },
      $push: { ev: { e: 'succeeded', t, f: 3, s: 4, w: WORKER, k: token } },
      $currentDate: { u: { $type: 'timestamp' } },
    }
    return [{ q: { _id: { $in: jobs.map(({ _id }) => _id) }, tk: token }, u, multi: true }]
  }

  async #update(updates: readonly object[]): Promise<number> {
    if (updates.length === 0) return 0
    const reply = await this.#db.command({ update: 'jobs', updates, ordered: false, writeConcern: CONCERN })
    if (reply['writeErrors'] !== undefined) throw new Error(JSON.stringify(reply['writeErrors']))
    return Number(reply['n'])
  }
}

/** One statement for each version among the candidates: fresh jobs are one. */
function claims(jobs: readonly Candidate[], token: string): object[] {
  const [first] = jobs
  if (first === undefined) return []
  const t = first.now
  const u = {
    $set: { st: 3, tk: token, wk: WORKER, lm: LEASE_MS, lu: new Date(t.getTime() + LEASE_MS), ua: t, sa: t },
    $unset: { rq: 1 },
    $inc: { at: 1, v: 1 },
    $push: { ev: { e: 'leased', t, f: 1, s: 3, w: WORKER, k: token } },
    $currentDate: { u: { $type: 'timestamp' } },
  }
  return [...Map.groupBy(jobs, ({ v }) => v)].map(([v, same]) => ({
    q: { _id: { $in: same.map(({ _id }) => _id) }, rq: QUEUE, v },
    u,
    multi: true,
  }))
}
