import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { type Command, TRANSITIONS } from '../../src/transitions.js'
import { difference, type Played, play } from './play.js'

/**
 * `SEED=123 npx vitest run --root packages/core test/simulation` plays one world and prints its trace.
 * `SEEDS=2000 FROM=1000 …` plays many others, once each.
 */
const { SEED, SEEDS, FROM } = process.env
const WORLDS = 200
const AT_A_TIME = 25

/** What must have been met over all seeds, or the worlds are too kind to prove anything. */
const LEAST: { readonly [what: string]: number } = {
  expired: 50,
  'settle LEASE_LOST': 20,
  unknown: 10,
  'race won by the cancel': 5,
  'race won by the settle': 5,
  abandoned: 10,
  'clock back': 10,
  outage: 10,
  restart: 10,
  removed: 10,
  redriven: 1,
  pause: 1,
  resume: 1,
  configure: 1,
}

const told = new Map<string, number>()
const commands = new Set<Command>()
let played = 0

async function playOnce(seed: number): Promise<Played> {
  const world = await play(seed)
  if (world.failure !== null) {
    const { message } = world.failure as Error
    throw new Error(`seed ${seed}: ${message}`, { cause: world.failure })
  }
  for (const [what, times] of world.told) told.set(what, (told.get(what) ?? 0) + times)
  for (const command of world.commands) commands.add(command)
  played++
  return world
}

async function playTwice(seed: number): Promise<void> {
  const differs = difference((await playOnce(seed)).text, (await playOnce(seed)).text)
  assert.equal(differs, null, `seed ${seed} gave two runs; they differ in ${differs}`)
}

function twoHundredWorlds(): void {
  const firsts = Array.from({ length: WORLDS / AT_A_TIME }, (_, index) => 1 + index * AT_A_TIME)
  test.each(firsts)(
    'from seed %i on › each keeps every promise, and the same seed gives the same run',
    async (first) => {
      for (let seed = first; seed < first + AT_A_TIME; seed++) await playTwice(seed)
    },
    120_000,
  )

  test('have met every fault and every command often enough to prove something', () => {
    assert.equal(played, 2 * WORLDS)
    for (const [what, least] of Object.entries(LEAST))
      assert.ok((told.get(what) ?? 0) >= least, `${what}: ${told.get(what) ?? 0}, at least ${least} expected`)
    const never = Object.keys(TRANSITIONS).filter((command) => !commands.has(command as Command))
    assert.deepEqual(never, [], 'commands that were never accepted')
  })
}

async function oneWorld(seed: number): Promise<void> {
  const world = await play(seed, true)
  console.log(world.trace.join('\n'))
  if (world.failure !== null) throw world.failure
}

async function manyWorlds(first: number, count: number): Promise<void> {
  const failures: string[] = []
  for (let seed = first; seed < first + count; seed++)
    await playOnce(seed).catch((error: Error) => failures.push(error.message.split('\n')[0] as string))
  assert.deepEqual(failures, [])
}

if (SEED !== undefined) test(`seed ${SEED}`, () => oneWorld(Number(SEED)))
else if (SEEDS !== undefined)
  test(`${SEEDS} seeds from ${FROM ?? 1}`, () => manyWorlds(Number(FROM ?? 1), Number(SEEDS)), 3_600_000)
else describe('200 worlds of faults', twoHundredWorlds)
