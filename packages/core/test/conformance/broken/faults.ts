/** What goes wrong when something goes wrong, and around large batches. */
import { isStintError, StintError } from '../../../src/errors.js'
import type { JobRecord } from '../../../src/record.js'
import type { Batch, BatchResult, CallOptions, ChangeResult, Count, InsertResult } from '../../../src/store.js'
import type { Table } from '../../../src/table.js'
import { broken } from './broken-store.js'
import { gap, lying, OnMemory } from './on-memory.js'
import { holdUp, OnShared } from './on-shared.js'

class SendsAgainWhenTheReplyIsLost extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    try {
      this.failpoint('reply')
      return result
    } catch {
      return super.write(batch)
    }
  }
}

class CallsALostReplyUnavailable extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    try {
      this.failpoint('reply')
    } catch (cause) {
      throw new StintError('STORE_UNAVAILABLE', 'The connection was lost.', { store: this.name }, { cause })
    }
    return result
  }
}

class SendsLater extends OnMemory {
  #queue: Batch[] = []

  protected override async write(batch: Batch): Promise<BatchResult> {
    try {
      return await super.write(batch)
    } catch (error) {
      if (isStintError(error, 'STORE_UNAVAILABLE')) this.#queue.push(batch)
      throw error
    }
  }

  protected override async transact<T>(work: (table: Table) => T): Promise<T> {
    for (const batch of this.#queue.splice(0)) await super.write(batch).catch(() => {})
    return super.transact(work)
  }
}

class WritesAfterItsDeadline extends OnShared {
  protected override async whenFree<T>(work: () => Promise<T>): Promise<T> {
    const free = this.place.heldUp ?? Promise.resolve()
    const sent = free.then(work)
    sent.catch(() => {})
    await this.inTime(free)
    return sent
  }
}

class HasADeadlineForEachTry extends OnShared {
  protected override async whenFree<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; tries < 10 && this.place.heldUp; tries++) await this.inTime(this.place.heldUp).catch(() => {})
    return super.whenFree(work)
  }
}

class SaysAbortedOfWhatItSent extends OnMemory {
  override exchange(batch: Batch, options?: CallOptions<never>): Promise<BatchResult> {
    const call = super.exchange(batch, options)
    const signal = options?.signal
    if (!signal || signal.aborted) return call
    const { promise, reject } = Promise.withResolvers<never>()
    call.catch(() => {})
    signal.addEventListener('abort', () => reject(new StintError('ABORTED', 'The call was aborted.', {})), {
      once: true,
    })
    return Promise.race([gap(1).then(() => call), promise])
  }
}

class TellsItsParameters extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    try {
      return await super.write(batch)
    } catch (error) {
      if (!isStintError(error, 'STORE_UNAVAILABLE')) throw error
      const message = `${error.message} Sent: ${JSON.stringify(batch)}`
      throw new StintError('STORE_UNAVAILABLE', message, { store: this.name }, { cause: error.cause })
    }
  }
}

class CountsBeforeItCommits extends OnMemory {
  readonly #drift = new Map<string, Count>()

  protected override async transact<T>(work: (table: Table) => T): Promise<T> {
    const made: JobRecord[] = []
    const put: Table['put'] = (after, before, event) => {
      if (!before) made.push(after)
      this.memory.put(after, before, event)
    }
    try {
      return this.inTable(() => work(lying(this.memory, { put })))
    } catch (error) {
      for (const { queue, state } of made) {
        const count = (this.#drift.get(`${queue}\n${state}`)?.count ?? 0) + 1
        this.#drift.set(`${queue}\n${state}`, { queue, state, count })
      }
      throw error
    }
  }

  override async stats(): Promise<Count[]> {
    const counted = await super.stats()
    const there = (one: Count): Count | undefined =>
      counted.find(({ queue, state }) => queue === one.queue && state === one.state)
    return [
      ...counted.map((one) => ({
        ...one,
        count: one.count + (this.#drift.get(`${one.queue}\n${one.state}`)?.count ?? 0),
      })),
      ...[...this.#drift.values()].filter((one) => !there(one)),
    ]
  }
}

class CountsWhatItRefuses extends OnMemory {
  #refused = 0

  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    this.#refused += result.inserts.filter(({ isNew, job }) => !isNew && job.state === 'queued').length
    return result
  }

  override async stats(): Promise<Count[]> {
    return (await super.stats()).map((one) =>
      one.state === 'queued' ? { ...one, count: one.count + this.#refused } : one,
    )
  }
}

class CutsBatches extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const { inserts = [], ...rest } = batch
    const result = await super.write({ ...rest, inserts: inserts.slice(0, 100) })
    const [pattern] = result.inserts
    const lost = inserts
      .slice(100)
      .map(({ id }): InsertResult => ({ isNew: true, job: { ...(pattern?.job as JobRecord), id } }))
    return { ...result, inserts: [...result.inserts, ...lost] }
  }
}

class AnswersRefusalsLast extends OnMemory {
  protected override async write(batch: Batch): Promise<BatchResult> {
    const result = await super.write(batch)
    const sorted = (answers: readonly ChangeResult[]): ChangeResult[] =>
      [...answers].sort((a, b) => Number(b.ok) - Number(a.ok))
    return { ...result, changes: sorted(result.changes), beats: sorted(result.beats) }
  }
}

class FailsAtTheSecondClose extends OnMemory {
  #isClosed = false

  override async close(): Promise<void> {
    if (this.#isClosed)
      throw new StintError('STORE_CLOSED', 'Called end on the pool more than once.', { store: this.name })
    this.#isClosed = true
    await super.close()
  }
}

class OutlivesItsClose extends OnMemory {
  readonly #open = new Set<NodeJS.Timeout>()

  protected override during<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return super.during(work, signal).catch((error: unknown) => {
      // The pool is drained, and makes a new connection for whoever asks.
      if (isStintError(error, 'STORE_CLOSED') && this.#open.size === 0) return work()
      throw error
    })
  }
}

export const faults = [
  broken('a write is sent again when its reply is lost', 'IDEM-3', SendsAgainWhenTheReplyIsLost, {
    how: 'ioredis: autoResendUnfulfilledCommands; Mongo: retryWrites',
  }),
  broken('a lost reply is told as: surely nothing happened', 'FAULT-1', CallsALostReplyUnavailable, {
    how: 'any: ECONNRESET is ECONNRESET, whenever it comes',
  }),
  broken('a write that was rejected is sent later', 'FAULT-5', SendsLater, {
    how: 'ioredis: the offline queue; any client that connects anew and empties its queue',
  }),
  broken('a write that missed its deadline is carried out later', 'FAULT-5', WritesAfterItsDeadline, {
    how: 'pg: query_timeout rejects, the statement runs on',
    engine: { block: holdUp },
  }),
  broken('a deadline is given to each of ten tries', 'FAULT-2', HasADeadlineForEachTry, {
    how: 'any: the retries of the driver are not told of the deadline',
    engine: { block: holdUp },
  }),
  broken('what was sent and aborted is told as: nothing happened', 'FAULT-2', SaysAbortedOfWhatItSent, {
    how: 'any: Promise.race with the signal',
  }),
  broken('an error tells the parameters of its call', 'FENCE-5', TellsItsParameters, {
    how: 'Sequelize, Knex: the message has the statement with its bindings',
  }),
  broken('counts are moved before the commit', 'COUNT-1', CountsBeforeItCommits, {
    how: 'any: a counter in memory or Redis beside the transaction, which a rollback does not move back',
  }),
  broken('an insert that meets a job is counted', 'COUNT-1', CountsWhatItRefuses, {
    draft: 9,
    how: 'Redis: HINCRBY ahead of the look at what is there',
  }),
  broken('of a batch a hundred inserts are written', 'BATCH-2', CutsBatches, {
    how: 'DynamoDB: a batch has a limit, and what was left over is in an answer that nobody reads',
  }),
  broken('refusals are answered last', 'BATCH-2', AnswersRefusalsLast, {
    how: 'Mongo: an unordered bulk tells its errors in a list of their own',
  }),
  broken('a second close fails', 'CLOSE-1', FailsAtTheSecondClose, { how: 'pg: pool.end() throws when called twice' }),
  broken('a closed store goes on', 'CLOSE-1', OutlivesItsClose, {
    how: 'mongodb: a closed client connects anew at the next call',
  }),
]
