import type { ConformanceOptions } from '@stint/core/conformance'

/** Before the program of another process: it runs the sources as vitest does, without a build. */
export const PRELOAD = new URL('../with-sources.mjs', import.meta.url).href

/** The options, with the processes that the suite starts on sources too. */
export function onSources({ engine, ...others }: ConformanceOptions): ConformanceOptions {
  const { processes, ...hooks } = engine ?? {}
  const execArgv = ['--no-warnings', '--import', PRELOAD]
  return { ...others, engine: { ...hooks, ...(processes && { processes: { ...processes, execArgv } }) } }
}
