/** Histories drawn by fast-check from the transition table. */
import type * as FastCheck from 'fast-check'
import type { State } from '../../record.js'
import { TERMINAL_STATES, TRANSITIONS } from '../../transitions.js'
import { START } from '../stage/movable-clock.js'
import {
  type Aim,
  type BeatItem,
  CHANGE_MOVES,
  type ChangeItem,
  type ClaimItem,
  type Command,
  type FromItem,
  type History,
  type InsertItem,
  type Item,
  JOBS,
  type JobName,
  KEYS,
  type Line,
  LOOKS,
  PAYLOADS,
  TAGS,
  TYPES,
  type Wave,
} from './command.js'

export interface Draws {
  /** Commands one after another, each by one of two handles. */
  readonly oneAfterAnother: FastCheck.Arbitrary<History>
  /** Waves of two or three clients at once. */
  readonly atOnce: FastCheck.Arbitrary<History>
}

/** `fc` is handed in because the suite has it only where somebody installed it. */
export function draws(fc: typeof FastCheck): Draws {
  const items = itemsOf(fc)
  const commands = commandsOf(fc, items)
  const opening = fc
    .array(items.insert, { minLength: 1, maxLength: 6 })
    .map((inserts): Wave => ({ moveMs: 0, lines: [{ handle: 'A', lateTurns: 0, commands: [exchange(inserts)] }] }))
  const moveMs = fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.constantFrom(0.6, 5, 1000, 30_000, 45_000, 60_000, 90_000) },
    { weight: 1, arbitrary: fc.constantFrom(-1, -20_000) },
  )
  const handle = fc.constantFrom('A' as const, 'B' as const)
  const alone = fc
    .record({
      moveMs,
      handle,
      command: fc.oneof({ weight: 6, arbitrary: commands.call }, { weight: 1, arbitrary: commands.look }),
    })
    .map(
      ({ moveMs: ms, handle: by, command }): Wave => ({
        moveMs: ms,
        lines: [{ handle: by, lateTurns: 0, commands: [command] }],
      }),
    )
  const line: FastCheck.Arbitrary<Line> = fc.record({
    handle,
    lateTurns: fc.constantFrom(0, 0, 1, 2, 3),
    commands: fc.array(commands.call, { minLength: 1, maxLength: 2 }),
  })
  const wave = fc
    .record({
      moveMs,
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
      focus: fc.option(fc.constantFrom(...JOBS), { nil: null, freq: 4 }),
    })
    .map(({ moveMs: ms, lines, focus }): Wave => ({ moveMs: ms, lines: focus ? lines.map(focused(focus)) : lines }))
  const history = (waves: FastCheck.Arbitrary<Wave>, most: number): FastCheck.Arbitrary<History> =>
    // Without bias: each run has a seed of its own, and a first run is otherwise drawn from the edges only.
    fc.noBias(
      fc
        .tuple(opening, fc.array(waves, { minLength: 1, maxLength: most, size: 'max' }))
        .map(([first, rest]): History => [first, ...rest]),
    )
  return { oneAfterAnother: history(alone, 60), atOnce: history(wave, 20) }
}

/** All on one job, or on the first from it on that they may act on: calls that never meet show nothing about order. */
const focused =
  (job: JobName) =>
  (line: Line): Line => ({ ...line, commands: line.commands.map((command) => aimedAt(job, command)) })

function aimedAt(job: JobName, command: Command): Command {
  const at = <T extends { readonly aim: Aim }>(one: T): T => ({ ...one, aim: { ...one.aim, job } })
  if (command.do === 'remove') return { ...command, jobs: command.jobs.map(at) }
  if (command.do === 'get') return { ...command, job }
  if (command.do !== 'exchange') return command
  const items = command.items.map((one) => (one.item === 'change' || one.item === 'beat' ? at(one) : one))
  return { ...command, items }
}

const exchange = (items: readonly Item[]): Command => ({ do: 'exchange', items })

function itemsOf(fc: typeof FastCheck) {
  const job = fc.constantFrom(...JOBS)
  const lane = fc.constantFrom('x' as const, 'x' as const, 'x' as const, 'y' as const)
  const ago = fc.constantFrom(0, 0, 0, 0, 1, 2)
  const tokenOf = fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: job })
  /** Mostly a job on which the command may act, else whichever. */
  const aimed = (states: readonly State[]): FastCheck.Arbitrary<Aim> =>
    fc.record({ job, mayIn: fc.constantFrom(states, states, states, null) })
  const insert: FastCheck.Arbitrary<InsertItem> = fc.record({
    item: fc.constant('insert' as const),
    move: fc.oneof(
      { weight: 6, arbitrary: fc.constant('enqueue' as const) },
      { weight: 1, arbitrary: fc.constant('track' as const) },
    ),
    job,
    isFresh: fc.constantFrom(true, true, false),
    isRival: fc.boolean(),
    lane,
    type: fc.constantFrom(...TYPES),
    priority: fc.constantFrom(50, 50, 10, 90),
    run: fc.constantFrom({ inMs: 0 }, { inMs: 0 }, { inMs: 5 }, { inMs: 60_000 }, { at: START }, { at: START + 1000 }),
    key: fc.constantFrom(null, null, 'k' as const, 'k' as const, 'k' as const, 'l' as const),
    keyUntil: fc.constantFrom('finished' as const, 'finished' as const, 'finished' as const, 'claimed' as const),
    payload: fc.constantFrom(...PAYLOADS),
    tags: fc.subarray([...TAGS]),
  })
  const change: FastCheck.Arbitrary<ChangeItem> = fc.constantFrom(...CHANGE_MOVES, 'retry' as const).chain((move) =>
    fc.record({
      item: fc.constant('change' as const),
      move: fc.constant(move),
      aim: aimed(TRANSITIONS[move].from),
      ago,
      tokenOf,
      way: fc.nat(5),
      returning: fc.boolean(),
    }),
  )
  const beat: FastCheck.Arbitrary<BeatItem> = fc.record({
    item: fc.constant('beat' as const),
    aim: aimed(TRANSITIONS.heartbeat.from),
    ago,
    tokenOf,
    leaseMs: fc.constantFrom(null, 1000, 45_000),
    field: fc.constantFrom('progress' as const, 'checkpoint' as const, 'log' as const, null),
    text: fc.nat(99),
    returning: fc.boolean(),
  })
  const limit = fc.integer({ min: 1, max: 3 })
  const from: FastCheck.Arbitrary<FromItem> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        lane,
        types: fc.constantFrom(null, null, ['mail'] as const, ['sms', 'mail'] as const),
        limit,
      }),
    },
    { weight: 1, arbitrary: fc.record({ jobs: fc.shuffledSubarray([...JOBS], { minLength: 1, maxLength: 3 }) }) },
  )
  const claim: FastCheck.Arbitrary<ClaimItem> = fc.record({
    item: fc.constant('claim' as const),
    to: fc.constantFrom('leased' as const, 'running' as const),
    max: fc.integer({ min: 1, max: 4 }),
    leaseMs: fc.constantFrom(1000, 30_000),
    from: fc.array(from, { minLength: 1, maxLength: 2 }),
  })
  const again = fc.record({ item: fc.constant('again' as const), ago: fc.constantFrom(0, 0, 1) })
  return { job, lane, ago, aimed, insert, change, beat, claim, again }
}

function commandsOf(
  fc: typeof FastCheck,
  { job, lane, ago, aimed, insert, change, beat, claim, again }: ReturnType<typeof itemsOf>,
) {
  const single = fc.oneof(
    { weight: 4, arbitrary: insert },
    { weight: 12, arbitrary: change },
    { weight: 3, arbitrary: beat },
    { weight: 9, arbitrary: claim },
    { weight: 2, arbitrary: again },
  )
  const batch = fc
    .tuple(
      fc.array(fc.oneof(insert, change, change, beat), { minLength: 1, maxLength: 3 }),
      fc.option(claim, { nil: null }),
    )
    .map(([writes, taken]): Item[] => (taken ? [...writes, taken] : writes))
  const removed = fc.record({ aim: aimed(TERMINAL_STATES), ago })
  const call: FastCheck.Arbitrary<Command> = fc.oneof(
    { weight: 18, arbitrary: single.map((one) => exchange([one])) },
    { weight: 8, arbitrary: batch.map(exchange) },
    {
      weight: 2,
      arbitrary: fc.array(removed, { minLength: 1, maxLength: 2 }).map((jobs): Command => ({ do: 'remove', jobs })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('pause' as const),
        lane,
        isOn: fc.constantFrom(true, false, false),
        ifVersion: fc.constantFrom(null, 0, 0, 1),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('get' as const), job }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('get by key' as const), lane, key: fc.constantFrom(...KEYS) }),
    },
  )
  const look: FastCheck.Arbitrary<Command> = fc.record({
    do: fc.constant('look' as const),
    at: fc.constantFrom(...LOOKS),
  })
  return { call, look }
}
