/** Whether anybody was flooded: an outage may be told once a second and process, not 30,000 times. */

export interface LogLine {
  readonly at: number
  readonly text: string
}

const WINDOW_MS = 1000
/** Two timers of a second each are never exactly a second apart. */
const SLACK_MS = 50

/** The first two lines of one process that came within a second of each other; null: none did. */
export function tooClose(lines: readonly LogLine[]): readonly [LogLine, LogLine] | null {
  const sorted = lines.toSorted((a, b) => a.at - b.at)
  for (const [n, line] of sorted.entries()) {
    const before = sorted[n - 1]
    if (before && line.at - before.at < WINDOW_MS - SLACK_MS) return [before, line]
  }
  return null
}
