/** One history, played on a store and on the model: wave by wave, then everything that a reader can see, then away with it. */

import assert from 'node:assert/strict'
import { nextTurn, systemClock } from '../../seam.js'
import type { Store } from '../../store.js'
import { isTerminal } from '../../transitions.js'
import { checkInvariants } from '../stage/invariants.js'
import { type MovableClock, START } from '../stage/movable-clock.js'
import { type Answer, type Call, type Made, send } from './call.js'
import type { Handle, History, Line, Wave } from './command.js'
import { Discord, historyLines, type PlayedWave } from './discord.js'
import { lifeOf } from './follow-reading.js'
import { Knowledge } from './knowledge.js'
import { legalOrders } from './legal-order.js'
import { ModelStore } from './model-store.js'
import { stepsOf } from './steps.js'
import type { Tally } from './tally.js'

/** Real time that a call may take; a store's own deadline is shorter (FAULT-2), so this one is only met by a store that hangs. */
const LONGEST_CALL_MS = 20_000

/** Two handles over one space in which nothing is, and the clock that they go by. */
export interface Place {
  readonly a: Store
  readonly b: Store
  readonly clock: MovableClock
}

export class Run {
  readonly #place: Place
  readonly #tally: Tally
  readonly #knowledge: Knowledge
  readonly #played: PlayedWave[] = []
  readonly #delivered = new Map<string, number>()
  /** All that is possible so far. Mostly one: each wave ends with a reading of every job. */
  #states: readonly ModelStore[] = [new ModelStore()]
  #moments = 0
  #begun = 0

  constructor(place: Place, prefix: string, tally: Tally) {
    this.#place = place
    this.#tally = tally
    this.#knowledge = new Knowledge(prefix)
  }

  /** Rejects with a `Discord`, with what the invariants say, or before the next wave once `signal` is aborted. */
  async play(history: History, signal?: AbortSignal): Promise<void> {
    const { clock, b } = this.#place
    clock.set(START)
    for (const wave of history) {
      signal?.throwIfAborted()
      await this.#wave(wave)
    }
    await this.#lookAtAll()
    try {
      await checkInvariants(b)
      await this.#clear()
    } catch (error) {
      if (error instanceof Error) error.message = [error.message, ...historyLines(this.#played)].join('\n')
      throw error
    }
  }

  async #wave({ moveMs, lines }: Wave): Promise<void> {
    this.#place.clock.move(moveMs)
    const calls = (await Promise.all(lines.map((line) => this.#line(line)))).flat()
    calls.push(await this.#call('B', { method: 'get all', ids: this.#knowledge.ids }))
    this.#judge(calls, moveMs)
  }

  async #line({ handle, lateTurns, commands }: Line): Promise<Made[]> {
    const calls: Made[] = []
    for (const [n, command] of commands.entries()) {
      const call = this.#knowledge.callOf(command, handle)
      if (call) calls.push(await this.#call(handle, call, n === 0 ? lateTurns : 0))
    }
    return calls
  }

  /** `lateTurns`: the request is under way so long, so that it may arrive behind one that was begun later. */
  async #call(handle: Handle, call: Call, lateTurns = 0): Promise<Made> {
    const number = ++this.#begun
    const begun = ++this.#moments
    for (let turn = 0; turn < lateTurns; turn++) await nextTurn()
    const answer = await answerOf(handle === 'A' ? this.#place.a : this.#place.b, call)
    this.#knowledge.see(call, answer)
    return { handle, number, call, begun, ended: ++this.#moments, answer }
  }

  #judge(calls: readonly Made[], moveMs: number): void {
    const { clock, a } = this.#place
    const now = Math.floor(clock.now())
    const played = { log: this.#played, calls, moveMs }
    const rejected = calls.find(({ answer }) => answer.method === 'rejected')
    if (rejected) throw new Discord({ ...played, blocked: null, rejected })
    const [before = new ModelStore()] = this.#states
    const verdict = legalOrders(this.#states, stepsOf(calls, a.capabilities.atomicBatches, this.#delivered), now)
    if (!verdict.isLegal) throw new Discord({ ...played, blocked: verdict.blocked, rejected: null })
    this.#played.push({ moveMs, calls })
    this.#states = verdict.states
    this.#tally.wave(calls, verdict.order, before, now)
    if (calls.some(({ call }) => call.method === 'feed')) this.#deliver()
  }

  #deliver(): void {
    for (const kept of this.#states[0]?.trails() ?? []) this.#delivered.set(lifeOf(kept), kept.events.length)
  }

  async #lookAtAll(): Promise<void> {
    const { ids, cursor } = this.#knowledge
    for (const call of [
      { method: 'events', ids },
      { method: 'stats' },
      { method: 'settings' },
      { method: 'feed', after: cursor },
    ] as const) {
      this.#judge([await this.#call('A', call)], 0)
    }
  }

  /** The next run in this space begins from nothing, so a store that keeps something is told of here. */
  async #clear(): Promise<void> {
    const { a, b } = this.#place
    const jobs = (await a.get(this.#knowledge.ids)).flatMap((job) => job ?? [])
    const live = jobs.filter(({ state }) => !isTerminal(state))
    await a.exchange({
      changes: live.map(({ id, state, version }) => ({
        id,
        guard: { version, states: [state] },
        set: { state: 'cancelled' },
        event: { type: 'cancelled', actor: null, detail: null },
      })),
    })
    const ended = jobs.map(({ id, state, version }) => ({ id, version: isTerminal(state) ? version : version + 1 }))
    if (ended.length > 0) await b.remove(ended)
    const paused = await a.settings('paused')
    if (paused.length > 0) await a.configure(paused.map(({ kind, name }) => ({ kind, name, value: null })))
    await this.#isEmpty()
  }

  async #isEmpty(): Promise<void> {
    const { b } = this.#place
    const left = {
      jobs: (await b.list({ walk: 'id', direction: 'asc', limit: 10 })).jobs.map(({ id }) => id),
      counts: (await b.stats()).filter(({ count }) => count !== 0),
      events: (await b.feed({ after: 'start', limit: 10 })).events.map(({ jobId, seq }) => `${jobId} ${seq}`),
      settings: await b.settings('paused'),
    }
    if (Object.values(left).some((some) => some.length > 0))
      assert.fail(`REMOVE-2: the run cancelled and removed its jobs, and this is left: ${JSON.stringify(left)}`)
  }
}

async function answerOf(store: Store, call: Call): Promise<Answer> {
  let cancel = (): void => {}
  const tooLong = new Promise<never>((_, reject) => {
    const error = new Error(`no answer within ${LONGEST_CALL_MS} ms (FAULT-2)`)
    cancel = systemClock.after(LONGEST_CALL_MS, () => reject(error))
  })
  try {
    return await Promise.race([send(store, call), tooLong])
  } catch (error) {
    return { method: 'rejected', error }
  } finally {
    cancel()
  }
}
