/** How the program ends: by itself; or by a signal, or because something was left that keeps it. */
import { seamOf } from '../../seam.js'
import { type Stray, strayText } from '../report/stray.js'

const { background } = seamOf(null)
/** A store that was closed may take as long to let go of its sockets. */
const LET_GO_MS = 3000

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
type Signal = (typeof SIGNALS)[number]

interface Interruption {
  readonly heard: Promise<Signal>
  /** Lets the signal do what it would have done, so that whoever started the program sees why it ended. */
  giveBack(signal: Signal, when: string): number
}

/** The first signal is heard; the second one ends the process as it always does. */
export function interruption(): Interruption {
  const heard = new Promise<Signal>((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve(signal))
  })
  return {
    heard,
    giveBack(signal, when) {
      process.stderr.write(`\nInterrupted by ${signal} ${when}; what they left was removed.\n`)
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
      return 1
    },
  }
}

interface Strays {
  /** Filled as they come. */
  readonly heard: readonly Stray[]
  /** The report is written: what comes later is told by itself. */
  tellFromNowOn(): void
}

export function hearStrays(during: () => string | null): Strays {
  const heard: Stray[] = []
  let isTold = false
  process.on('uncaughtException', (error: unknown) => {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    if (isTold) {
      process.exitCode = 1
      process.stderr.write(`${strayText({ during: null, message })}\n`)
    } else if (heard.every((one) => one.message !== message)) heard.push({ during: during(), message })
  })
  return { heard, tellFromNowOn: () => void (isTold = true) }
}

/**
 * Nothing should be left that keeps the process. If something is, it is named, and the process is ended: the timer that looks keeps nothing
 * itself, so it fires only then.
 */
export async function endByItself(before: readonly string[]): Promise<void> {
  // A reader that is slow to take what was written is not what a store left behind.
  await new Promise((resolve) => process.stdout.write('', resolve))
  background(LET_GO_MS, () => {
    const left = process.getActiveResourcesInfo()
    for (const name of before) {
      const at = left.indexOf(name)
      if (at >= 0) left.splice(at, 1)
    }
    const counted = [...Map.groupBy(left, (name) => name)].map(([name, those]) => `${name} × ${those.length}`)
    process.stderr.write(
      `CLOSE-1: ${LET_GO_MS / 1000} s after the last store was closed something still keeps the process: ${counted.join(', ') || 'nothing that Node can name'}.\n`,
    )
    process.exit(1)
  })
}
