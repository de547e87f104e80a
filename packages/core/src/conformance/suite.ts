/** The suite: its cases, chosen and judged by what the store declares, for a test runner or without one. */
import type { Capabilities } from '../capabilities.js'
import { seamOf } from '../seam.js'
import type { Store } from '../store.js'
import type { Chapter, StoreCase } from './case.js'
import { CHAPTERS } from './chapters.js'
import { type Failure, textOf } from './failure.js'
import { whyNot } from './needs.js'
import type { ConformanceOptions } from './options.js'
import { longestOf, runCase } from './run-case.js'
import { newSpace } from './stage.js'

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
  readonly cases: readonly CaseReport[]
}

/**
 * Registers the cases with a test runner: at once, or, where `store` gives a promise, when it resolves (await it then). What the store cannot
 * do is skipped with the reason in the name, judged by the abilities of a store from `store`; one whose abilities are final only once it is
 * open has to come as a promise.
 */
export function storeConformance(runner: TestRunner, options: ConformanceOptions): void | Promise<void> {
  const space = newSpace('probe')
  const made = options.store(space, {})
  if (!(made instanceof Promise)) {
    register(runner, options, made.capabilities)
    return
  }
  return made.then(async (store) => register(runner, options, await abilitiesOf(store, space, options)))
}

/** Runs them without a runner, one after another. `heard` is called after each. Rejects only when no store can be made or opened at all. */
export async function runConformance(
  options: ConformanceOptions,
  heard: (report: CaseReport) => void = () => {},
): Promise<ConformanceReport> {
  const space = newSpace('probe')
  const capabilities = await abilitiesOf(await options.store(space, {}), space, options)
  const cases: CaseReport[] = []
  for (const { title, cases: those } of chosen(options)) {
    for (const one of those) {
      const report = await reportOf(title, one, capabilities, options)
      cases.push(report)
      heard(report)
    }
  }
  const number = (outcome: CaseOutcome): number => cases.filter((one) => one.outcome === outcome).length
  return {
    store: nameOf(options),
    capabilities,
    passed: number('passed'),
    failed: number('failed'),
    skipped: number('skipped'),
    notExercised: number('not exercised'),
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

function register(runner: TestRunner, options: ConformanceOptions, capabilities: Capabilities): void {
  runner.describe(nameOf(options), () => {
    for (const { title, cases } of chosen(options)) {
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

function registered(one: StoreCase, options: ConformanceOptions): (this: unknown, context?: unknown) => Promise<void> {
  return async function (this: unknown, context?: unknown) {
    const told = await runCase(one, options)
    if (told.outcome === 'failed') throw explained(told.error, told.failure)
    if (told.outcome === 'not exercised') skipNow(context ?? this, one, told.reason)
  }
}

/** The runner's own way to show a failure stays (its diff, the place); what the suite knows beyond it stands behind the message. */
function explained(error: unknown, failure: Failure): Error {
  if (!(error instanceof Error)) return new Error(textOf(failure))
  const text = textOf({ ...failure, expected: null, got: null })
  if (error.stack?.includes(error.message)) error.stack = error.stack.replace(error.message, () => text)
  error.message = text
  return error
}

/** Runners skip a test that is already running by its context; where there is none, not exercised counts as failed. */
function skipNow(context: unknown, one: StoreCase, reason: string): void {
  const text = `not exercised: ${reason}`
  process.stdout.write(`${one.name} (${text})\n`)
  if (typeof context === 'object' && context !== null && 'skip' in context && typeof context.skip === 'function')
    context.skip(text)
  else throw new Error(text)
}

// ---- which cases ----------------------------------------------------------------------------------------------------

const nameOf = ({ name = 'store' }: ConformanceOptions): string => name

function chosen({ only }: ConformanceOptions): readonly Chapter[] {
  if (!only) return CHAPTERS
  const isChosen = (title: string, one: StoreCase): boolean =>
    only.some(
      (word) => word === title || one.clauses.some((clause) => clause === word || clause.startsWith(`${word}-`)),
    )
  return CHAPTERS.map(({ title, cases }) => ({ title, cases: cases.filter((one) => isChosen(title, one)) }))
}

async function abilitiesOf(store: Store, space: string, options: ConformanceOptions): Promise<Capabilities> {
  await store.open()
  const { capabilities } = store
  await store.close()
  await options.destroy?.(space)
  return capabilities
}
