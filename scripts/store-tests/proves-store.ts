/** The conformance suite as the tests of a store's package. */
import { type ConformanceOptions, storeConformance } from '@stint/core/conformance'
import { describe, it } from 'vitest'
import { onSources } from './on-sources.js'

/** On servers the model plays fewer histories, each some hundred round trips: `npm run conformance -- --store URL --runs 300` plays more. */
export const RUNS_ON_SERVER = 20

/** `url` null: there is no server, and one skipped test says so. ONLY in the environment names clauses and chapters, and goes before `settings`. */
export async function provesStore(
  url: string | null,
  options: (url: string) => ConformanceOptions,
  settings: Partial<ConformanceOptions> = {},
): Promise<void> {
  if (url === null) {
    it.skip('the conformance suite (skipped: there is no server)', () => {})
    return
  }
  const only = process.env.ONLY?.split(',')
  await storeConformance({ describe, it }, { ...onSources(options(url)), ...settings, ...(only && { only }) })
}
