import type { Arguments } from './arguments.ts'
import { isPlayed, type Outcome } from './run-scenario.ts'

const WIDTH = 18

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** What became of one scenario, for people. */
export function linesOf(outcome: Outcome): string[] {
  const name = outcome.scenario.name.padEnd(WIDTH)
  if (!isPlayed(outcome)) return [`skipped ${name} ${outcome.skipped}`]
  const { problems, injected, backAfterMs, counts, tookMs } = outcome
  const done = [...injected].map(([what, times]) => `${what}: ${times}`).join(', ')
  const back = backAfterMs.length === 0 ? '' : `; worked again after ${backAfterMs.map(seconds).join(', ')}`
  return [
    `${problems.length === 0 ? 'ok     ' : 'FAILED '} ${name} ${done}${back} (${seconds(tookMs)})`,
    ...(counts === null
      ? []
      : [
          `        ${''.padEnd(WIDTH)} ${counts.acknowledged} acknowledged, ${counts.unknown} unknown, ${counts.refused} refused; ${counts.begun} runs, ${counts.accepted} accepted, ${counts.late} late and refused; ${counts.expired} leases expired; ${counts.lines} lines of log`,
        ]),
    ...problems.map((problem) => `          ${problem.replaceAll('\n', '\n          ')}`),
  ]
}

/** What was injected in all, and how it ended. */
export function summaryOf(
  store: string,
  outcomes: readonly Outcome[],
  { seed, seconds, breakBy }: Arguments,
): string[] {
  const again = `--seed ${seed} --seconds ${seconds}${breakBy ? ` --break ${breakBy}` : ''}`
  const played = outcomes.filter(isPlayed)
  const failed = played.filter(({ problems }) => problems.length > 0)
  const all = new Map<string, number>()
  for (const { injected } of played) for (const [what, times] of injected) all.set(what, (all.get(what) ?? 0) + times)
  return [
    `injected: ${[...all].map(([what, times]) => `${what} ${times}`).join(' · ')}`,
    `faults on ${store}: ${played.length - failed.length} passed, ${failed.length} failed, ${outcomes.length - played.length} skipped`,
    ...failed.map(({ scenario }) => `again: npm run faults -- ${store} --only ${scenario.name} ${again}`),
  ]
}
