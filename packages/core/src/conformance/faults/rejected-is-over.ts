/** A call that was rejected is over. Its caller repeats it, is answered, goes on; a first copy that arrives behind that is an order of nobody. */
import assert from 'node:assert/strict'
import { isStintError } from '../../errors.js'
import { nextTurn } from '../../seam.js'
import type { Batch, CallOptions, Store } from '../../store.js'
import { fact, type StoreCase } from '../case.js'
import { NEEDS } from '../needs.js'
import type { Stage } from '../stage/stage.js'
import { DEADLINE_MS } from './deadlines.js'
import type { KindOfWrite, Sent } from './kind-of-write.js'
import { ADMINISTRATION, BEATS_SENT, CLAIMS, INSERTS } from './kinds-beside.js'
import { KINDS_OF_CHANGE } from './kinds-of-change.js'
import { errorOf, laterCalls, mustBeCoded } from './outcome.js'

interface Rejected {
  readonly name: string
  readonly sent: Sent
  /** Whether its effect was there when it was rejected. */
  readonly wasThere: boolean
}

/** Who waits for an engine looks again after a pause; a copy that comes late comes within a few of them. */
const LATE_MS = 150

/** Calls are made and acknowledged on every handle, one of them new; what was rejected is as it was then. */
async function mustBeOver(stage: Stage, rejected: readonly Rejected[], lastMs: number): Promise<void> {
  const { a, b } = stage
  await laterCalls([a, b], lastMs)
  // Another handle looks past whatever the first ones remember.
  const readers = a === b ? [a] : [a, b, await stage.another()]
  for (const { name, sent, wasThere } of rejected) {
    for (const store of readers)
      assert.equal(await sent.isThere(store), wasThere, `the ${name} was rejected, and its effect came later`)
  }
}

async function mustRepeatWell({ b }: Stage, store: Store, rejected: readonly Rejected[]): Promise<void> {
  for (const { name, sent } of rejected) {
    const own = await sent.ownEvents(b)
    assert.equal(await sent.send(store, true), true, `the ${name}, repeated`)
    assert.equal(await sent.isThere(b), true, `the ${name}, repeated`)
    assert.ok((await sent.ownEvents(b)) <= Math.max(own, 1), `the ${name} has two events`)
  }
}

const available = (stage: Stage, kinds: readonly KindOfWrite[]): KindOfWrite[] =>
  kinds.filter(({ needs }) => needs.every((need) => need(stage.a.capabilities, stage.options) === null))

/** The engine is kept until each write has been rejected: none of them can have been carried out by then. */
async function heldUp(stage: Stage, kinds: readonly KindOfWrite[], store: Store, give: () => void): Promise<void> {
  const all: { name: string; sent: Sent }[] = []
  for (const { name, prepare } of available(stage, kinds)) all.push({ name, sent: await prepare(stage) })
  const free = await stage.hook('block')(stage.space)
  let errors: unknown[] = []
  try {
    const calls = all.map(({ sent }) => errorOf(sent.send(store, false)))
    give()
    errors = await Promise.all(calls)
  } finally {
    await free?.()
  }
  for (const [n, error] of errors.entries())
    if (!isStintError(error, 'ABORTED')) mustBeCoded(error, `the ${all[n]?.name}, held up`)
  const rejected = all.map((one) => ({ ...one, wasThere: false }))
  await mustBeOver(stage, rejected, LATE_MS)
  await mustRepeatWell(stage, stage.a, rejected)
}

const BY_PART: Readonly<Record<string, readonly KindOfWrite[]>> = {
  inserts: INSERTS,
  changes: KINDS_OF_CHANGE,
  beats: BEATS_SENT,
  claims: CLAIMS,
  'removals and settings': ADMINISTRATION,
}

/** The same store, each exchange with that signal. */
const signalled = (store: Store, signal: AbortSignal): Store =>
  new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (name === 'exchange')
        return (batch: Batch, options?: CallOptions<never>) => target.exchange(batch, { ...options, signal })
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

/** Moments at which a caller gives up: before it begins, and later and later while the call is under way. */
const MOMENTS: readonly (() => Promise<void>)[] = [
  async () => {},
  () => Promise.resolve(),
  nextTurn,
  async () => {
    await nextTurn()
    await nextTurn()
  },
]

async function aborted(stage: Stage, kind: KindOfWrite): Promise<Rejected[]> {
  const rejected: Rejected[] = []
  for (const [n, moment] of [null, ...MOMENTS].entries()) {
    const controller = new AbortController()
    const sent = await kind.prepare(stage)
    if (moment === null) controller.abort()
    const call = errorOf(sent.send(signalled(stage.a, controller.signal), false))
    await moment?.()
    controller.abort()
    const error = await call
    const wasThere = await sent.isThere(stage.b)
    if (error === null) assert.equal(wasThere, true)
    else if (isStintError(error, 'ABORTED')) assert.equal(wasThere, false, 'ABORTED says that nothing was sent')
    else mustBeCoded(error, `aborted at moment ${n}`)
    if (error !== null) rejected.push({ name: kind.name, sent, wasThere })
  }
  return rejected
}

export const rejectedIsOver: readonly StoreCase[] = [
  ...Object.entries(BY_PART).map(([part, kinds]) =>
    fact(
      `${part} held up past their deadline, and the engine freed › never take effect, and repeat well [FAULT-5, FAULT-1, IDEM-3]`,
      async (stage) => {
        const store = await stage.another({ deadline: DEADLINE_MS })
        await heldUp(stage, kinds, store, () => {})
      },
      NEEDS.block,
    ),
  ),
  fact(
    'writes held up, given up by their signal, and the engine freed › never take effect, and repeat well [FAULT-5, FAULT-2, IDEM-3]',
    async (stage) => {
      const controller = new AbortController()
      const kinds = [...INSERTS, ...KINDS_OF_CHANGE, ...BEATS_SENT, ...CLAIMS]
      await heldUp(stage, kinds, signalled(stage.a, controller.signal), () => controller.abort())
    },
    NEEDS.block,
  ),
  ...[...INSERTS, ...KINDS_OF_CHANGE, ...BEATS_SENT, ...CLAIMS].map((kind) =>
    fact(
      `${kind.name} › given up by its signal, before it begins and at later and later moments › does not take effect after its rejection [FAULT-5, FAULT-2]`,
      async (stage) => {
        const rejected = await aborted(stage, kind)
        await mustBeOver(stage, rejected, 0)
        await mustRepeatWell(stage, stage.a, rejected)
      },
    ),
  ),
]
