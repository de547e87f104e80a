/** The suite: its cases, chosen and judged by what the store declares, for a test runner or without one. */
import type { Capabilities } from '../capabilities.js'
import { nextTurn, seamOf } from '../seam.js'
import type { Store } from '../store.js'
import type { StoreCase } from './case.js'
import { chosen } from './chosen.js'
import type { Failure } from './failure/failure.js'
import { textOf } from './failure/failure-text.js'
import { isError, isPromise } from './failure/thrown.js'
import { RUNS, seeded } from './model/seeded.js'
import { whyNot } from './needs.js'
import type { ConformanceOptions } from './options.js'
import { within } from './stage/deadline.js'
import { CASE_MS, longestOf, runCase } from './stage/run-case.js'
import { newSpace } from './stage/stage.js'

/** vitest, Jest, Mocha and node:test fit as they are. Each gives its context to a test, as an argument or as `this`. */
export interface TestRunner {
  readonly describe: (name: string, run: () => void) => unknown
  readonly it: {
    // biome-ignore lint/suspicious/noExplicitAny: each runner has a context and an option of its own here.
    (name: string, run: (this: any, context?: any) => Promise<void>, timeoutMs?: any): unknown
    skip(name: string, run: () => Promise<void>): unknown
  }
}

export type CaseOutcome = 'passed' | 'failed' | 'skipped' | 'not exercised'

export interface CaseReport {
  readonly chapter: string
  /** `subject › circumstance › what holds [CLAUSE-1, CLAUSE-2]` */
  readonly name: string
  readonly clauses: readonly string[]
  readonly outcome: CaseOutcome
  /** Why it was skipped or not exercised, or what failed, in a line; null: it passed. */
  readonly reason: string | null
  readonly failure: Failure | null
  readonly ms: number
}

export interface ConformanceReport {
  readonly store: string
  readonly capabilities: Capabilities
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly notExercised: number
  /** Where the model's chance began. */
  readonly seed: number
  readonly cases: readonly CaseReport[]
}

/**
 * Registers the cases with a test runner: at once, or, where `store` gives a promise, when it resolves (await it then). What the store cannot
 * do is skipped with the reason in the name, judged by the abilities of a store from `store`; one whose abilities are final only once it is
 * open has to come as a promise.
 */
export function storeConformance(runner: TestRunner, given: ConformanceOptions): void | Promise<void> {
  const options = seeded(given)
  const space = newSpace('probe')
  const made = options.store(space, {})
  if (!isPromise(made)) {
    register(runner, options, made.capabilities)
    return
  }
  return abilitiesOf(made, space, options).then((capabilities) => register(runner, options, capabilities))
}

/**
 * Runs them without a runner, one after another. `heard` is called after each; where it answers `false` the run ends there. Rejects only when no
 * store can be made or opened at all, and with a `TypeError` when `only` names what is not there.
 */
export async function runConformance(
  given: ConformanceOptions,
  // biome-ignore lint/suspicious/noConfusingVoidType: most who hear have nothing to answer.
  heard: (report: CaseReport) => boolean | void = () => {},
): Promise<ConformanceReport> {
  const options = seeded(given)
  const chapters = chosen(options)
  const space = newSpace('probe')
  const capabilities = await abilitiesOf(options.store(space, {}), space, options)
  const cases: CaseReport[] = []
  for (const { title, one } of chapters.flatMap(({ title, cases: those }) => those.map((one) => ({ title, one })))) {
    // A store that answers without the event loop would keep signals and timers waiting for as long as there are cases.
    await nextTurn()
    const report = await reportOf(title, one, capabilities, options)
    cases.push(report)
    if (heard(report) === false) break
  }
  const number = (outcome: CaseOutcome): number => cases.filter((one) => one.outcome === outcome).length
  return {
    store: nameOf(options),
    capabilities,
    passed: number('passed'),
    failed: number('failed'),
    skipped: number('skipped'),
    notExercised: number('not exercised'),
    seed: options.seed,
    cases,
  }
}

const { monotonic } = seamOf(null)

async function reportOf(
  chapter: string,
  one: StoreCase,
  capabilities: Capabilities,
  options: ConformanceOptions,
): Promise<CaseReport> {
  const { name, clauses } = one
  const report = { chapter, name, clauses, reason: null, failure: null, ms: 0 }
  const skipped = whyNot(one, capabilities, options)
  if (skipped !== null) return { ...report, outcome: 'skipped', reason: skipped }
  const began = monotonic()
  const told = await runCase(one, options)
  const ms = Math.round(monotonic() - began)
  switch (told.outcome) {
    case 'passed':
      return { ...report, outcome: 'passed', ms }
    case 'not exercised':
      return { ...report, outcome: 'not exercised', reason: told.reason, ms }
    case 'failed': {
      const [reason = ''] = told.failure.message.split('\n')
      return { ...report, outcome: 'failed', reason, failure: told.failure, ms }
    }
  }
}

// ---- with a runner --------------------------------------------------------------------------------------------------

function register(
  runner: TestRunner,
  options: ConformanceOptions & { readonly seed: number },
  capabilities: Capabilities,
): void {
  runner.describe(nameOf(options), () => {
    for (const { title, cases } of chosen(options)) {
      // The names of cases are fixed, so the seed is told beside them.
      if (title === 'model' && cases.length > 0)
        process.stdout.write(`model of ${nameOf(options)}: seed ${options.seed}, ${options.runs ?? RUNS} runs\n`)
      runner.describe(title, () => {
        for (const one of cases) {
          const reason = whyNot(one, capabilities, options)
          if (reason !== null) runner.it.skip(`${one.name} (skipped: ${reason})`, async () => {})
          else runner.it(one.name, registered(one, options), 2 * longestOf(one, options))
        }
      })
    }
  })
}

/** Without parameters: to Jest and Mocha a test that has one is told of its end by a callback. */
function registered(one: StoreCase, options: ConformanceOptions): (this: unknown) => Promise<void> {
  return async function (this: unknown) {
    // biome-ignore lint/complexity/noArguments: a rest parameter is one to runners that read the source for fixtures.
    const context: unknown = arguments[0] ?? this
    giveTime(context, 2 * longestOf(one, options))
    const told = await runCase(one, options)
    if (told.outcome === 'failed') throw explained(told.error, told.failure)
    if (told.outcome === 'not exercised') skipNow(context, one, told.reason)
  }
}

/** Mocha takes no time with a test; it takes it from the test's own context. */
const giveTime = (context: unknown, ms: number): void => void methodOf(context, 'timeout')?.(ms)

/** To vitest a context is a function. */
function methodOf(context: unknown, name: string): ((value: unknown) => unknown) | null {
  if ((typeof context !== 'object' && typeof context !== 'function') || context === null) return null
  const method: unknown = Reflect.get(context, name)
  return typeof method === 'function' ? (value) => Reflect.apply(method, context, [value]) : null
}

/** The runner's own way to show a failure stays (its diff, the place); what the suite knows beyond it stands behind the message. */
function explained(error: unknown, failure: Failure): Error {
  if (!isError(error)) return new Error(textOf(failure))
  const text = textOf({ ...failure, expected: null, got: null })
  if (error.stack?.includes(error.message)) error.stack = error.stack.replace(error.message, () => text)
  error.message = text
  // Jest puts words of its own in the place of a message that Node has made.
  if ('generatedMessage' in error) error.generatedMessage = false
  return error
}

/** Runners skip a test that is already running by its context; where there is none, not exercised counts as failed. */
function skipNow(context: unknown, one: StoreCase, reason: string): void {
  const text = `not exercised: ${reason}`
  process.stdout.write(`${one.name} (${text})\n`)
  const skip = methodOf(context, 'skip')
  if (!skip) throw new Error(`${text} (this runner has no way to skip a test that is running)`)
  skip(text)
}

// ---- either way -----------------------------------------------------------------------------------------------------

const nameOf = ({ name = 'store' }: ConformanceOptions): string => name

async function abilitiesOf(
  made: Store | Promise<Store>,
  space: string,
  options: ConformanceOptions,
): Promise<Capabilities> {
  const soon = <T>(what: string, work: T | Promise<T>): Promise<T> =>
    within(options.caseMs ?? CASE_MS, 'a store in an empty space', Promise.resolve(work), () => what)
  const store = await soon('options.store()', made)
  await soon('store.open()', store.open())
  const { capabilities } = store
  await soon('store.close()', store.close())
  await soon('options.destroy()', options.destroy?.(space))
  return capabilities
}
