import type { Capabilities } from '../capabilities.js'
import type { ConformanceOptions, EngineHooks } from './options.js'

/** Why a case cannot be run on a store; null: it can. From what is declared, never from what is seen. */
export type Need = (capabilities: Capabilities, options: ConformanceOptions) => string | null

const declared =
  (isThere: (capabilities: Capabilities) => boolean, reason: string): Need =>
  (capabilities) =>
    isThere(capabilities) ? null : reason

type Hook = Exclude<keyof EngineHooks, 'cannot'>

const given =
  (hook: Hook): Need =>
  (_, { engine }) =>
    engine?.[hook] === undefined ? (engine?.cannot?.[hook] ?? `the suite was given no \`engine.${hook}\``) : null

const counted: Need = (_, { engine }) =>
  engine?.trips === undefined && engine?.commits === undefined
    ? 'the suite was given neither `engine.trips` nor `engine.commits`'
    : null

export const NEEDS = {
  sharing: declared((can) => can.sharedByProcesses, 'the store is not shared by processes'),
  survival: declared((can) => can.survivesProcessCrash, 'nothing of the store survives its process'),
  wholeBatches: declared((can) => can.atomicBatches, 'batches of the store are not atomic'),
  restore: declared((can) => can.restorable, 'the store cannot restore'),
  transactions: declared((can) => can.transactions !== 'none', 'the store joins no transactions'),
  syncTransactions: declared((can) => can.transactions === 'sync', 'the store has no synchronous transactions'),
  work: given('work'),
  counted,
  size: given('size'),
  begin: given('begin'),
  makeNewer: given('makeNewer'),
  makeUnsafe: given('makeUnsafe'),
  makeOverGiven: given('makeOverGiven'),
  block: given('block'),
  cut: given('cut'),
  processes: given('processes'),
  killBesideOthers: (_, { engine }) => engine?.processes?.noKillBesideOthers ?? null,
} as const satisfies Readonly<Record<string, Need>>

export const whyNot = (
  { needs }: { readonly needs: readonly Need[] },
  capabilities: Capabilities,
  options: ConformanceOptions,
): string | null => needs.map((need) => need(capabilities, options)).find((reason) => reason !== null) ?? null
