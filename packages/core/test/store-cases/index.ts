/** The door: every case of the contract, for a test runner or without one. */
import type { Capabilities } from '../../src/capabilities.js'
import { newJobId } from '../../src/seam.js'
import type { Store } from '../../src/store.js'
import type { Chapter, StoreCase } from './case.js'
import { CHAPTERS } from './chapters.js'
import type { StoreCasesOptions } from './options.js'
import { CASE_MS, type Outcome, runCase } from './stage.js'

export type { Chapter, StoreCase } from './case.js'
export { CHAPTERS } from './chapters.js'
export { CLAUSES } from './clauses.js'
export { checkInvariants } from './invariants.js'
export type { OverGiven, StoreCasesOptions, UserTransaction } from './options.js'
export type { Outcome } from './stage.js'

/** vitest, Jest, Mocha and node:test fit as they are. Each gives its context to a test, as an argument or as `this`. */
export interface TestRunner {
  describe(name: string, run: () => void): unknown
  it: {
    (name: string, run: (this: unknown, context?: unknown) => Promise<void>, timeoutMs?: number): unknown
    skip(name: string, run: () => Promise<void>): unknown
  }
}

/**
 * Registers the cases with a test runner: at once, or, where `make` gives a promise, when it resolves (await it then). What the store cannot
 * do is skipped with the reason in the name, judged by the abilities of a store from `make`; a store whose abilities are final only once it
 * is open has to come as a promise.
 */
export function storeCases(runner: TestRunner, options: StoreCasesOptions): void | Promise<void> {
  const { made, space } = probe(options)
  if (!(made instanceof Promise)) {
    register(runner, options, made.capabilities)
    return
  }
  return made.then(async (store) => {
    const capabilities = await abilitiesOf(store, space, options)
    register(runner, options, capabilities)
  })
}

export type CaseReport = { readonly name: string; readonly clauses: readonly string[] } & (
  | Outcome
  | { readonly outcome: 'skipped'; readonly reason: string }
)

/** Runs them without a runner, one after another. `when`: only those. */
export async function runCases(
  options: StoreCasesOptions,
  when: (one: StoreCase) => boolean = () => true,
): Promise<CaseReport[]> {
  const { made, space } = probe(options)
  const capabilities = await abilitiesOf(await made, space, options)
  const reports: CaseReport[] = []
  for (const one of chosen(options).flatMap(({ cases }) => cases)) {
    if (!when(one)) continue
    const { name, clauses } = one
    const reason = whyNot(one, capabilities, options)
    reports.push({ name, clauses, ...(reason === null ? await runCase(one, options) : { outcome: 'skipped', reason }) })
  }
  return reports
}

function register(runner: TestRunner, options: StoreCasesOptions, capabilities: Capabilities): void {
  runner.describe(options.name, () => {
    for (const { title, cases } of chosen(options)) {
      runner.describe(title, () => {
        for (const one of cases) {
          const reason = whyNot(one, capabilities, options)
          if (reason !== null) runner.it.skip(`${one.name} (skipped: ${reason})`, async () => {})
          else runner.it(one.name, registered(one, options), 2 * CASE_MS)
        }
      })
    }
  })
}

function registered(one: StoreCase, options: StoreCasesOptions): (this: unknown, context?: unknown) => Promise<void> {
  return async function (this: unknown, context?: unknown) {
    const told = await runCase(one, options)
    if (told.outcome === 'failed') throw told.error
    if (told.outcome === 'not exercised') skipNow(context ?? this, one, told.reason)
  }
}

/** Runners skip a test that is already running by its context; where there is none, not exercised counts as failed. */
function skipNow(context: unknown, one: StoreCase, reason: string): void {
  const text = `not exercised: ${reason}`
  console.log(`${one.name} (${text})`)
  if (typeof context === 'object' && context !== null && 'skip' in context && typeof context.skip === 'function')
    context.skip(text)
  else throw new Error(text)
}

const whyNot = (one: StoreCase, capabilities: Capabilities, options: StoreCasesOptions): string | null =>
  one.needs.map((need) => need(capabilities, options)).find((reason) => reason !== null) ?? null

function chosen({ only }: StoreCasesOptions): readonly Chapter[] {
  if (!only) return CHAPTERS
  const isChosen = (title: string, one: StoreCase): boolean =>
    only.some(
      (word) => word === title || one.clauses.some((clause) => clause === word || clause.startsWith(`${word}-`)),
    )
  return CHAPTERS.map(({ title, cases }) => ({ title, cases: cases.filter((one) => isChosen(title, one)) }))
}

function probe(options: StoreCasesOptions): { made: Store | Promise<Store>; space: string } {
  const space = `probe_${newJobId().toLowerCase()}`
  return { made: options.make(space, {}), space }
}

async function abilitiesOf(store: Store, space: string, options: StoreCasesOptions): Promise<Capabilities> {
  await store.open()
  const { capabilities } = store
  await store.close()
  await options.destroy?.(space)
  return capabilities
}
