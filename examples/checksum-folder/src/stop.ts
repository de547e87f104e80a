const ECHO_MS = 300

/**
 * Aborts with the first SIGINT or SIGTERM, ends the process with the second. npm passes signals on that the terminal has sent to this process
 * as well, so one Ctrl-C arrives twice: what follows at once is its echo, not a second wish.
 */
export function stopOnSignals(beforeExit: () => void): AbortSignal {
  const stop = new AbortController()
  let firstAt = 0
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        firstAt = performance.now()
        stop.abort()
      } else if (performance.now() - firstAt > ECHO_MS) {
        beforeExit()
        process.exit(130)
      }
    })
  }
  return stop.signal
}
