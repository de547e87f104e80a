import cliProgress from 'cli-progress'

export interface Progress {
  /** `done`: by earlier runs; that is not told again. */
  start(done: number, total: number): void
  show(done: number, total: number): void
  /** Twice is fine, also without a start. */
  end(): void
}

const QUIET_MS = 5000

/** A bar on a terminal; elsewhere a line for each tenth, and one when nothing was said for five seconds. */
export const createProgress = (stream: NodeJS.WriteStream, isPlain: boolean): Progress =>
  stream.isTTY && !isPlain ? bar(stream) : lines(stream)

function bar(stream: NodeJS.WriteStream): Progress {
  const one = new cliProgress.SingleBar({
    stream,
    format: '{bar} {percentage} %  {value} of {total} jobs',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    // Signals are the program's to answer.
    gracefulExit: false,
  })
  return {
    start: (done, total) => one.start(total, done),
    show(done, total) {
      if (one.getTotal() !== total) one.setTotal(total)
      one.update(done)
    },
    end: () => one.stop(),
  }
}

function lines(stream: NodeJS.WriteStream): Progress {
  let said = { done: 0, tenth: 0, at: 0 }
  const tenthOf = (done: number, total: number): number => Math.floor((done / total) * 10)
  return {
    start(done, total) {
      said = { done, tenth: tenthOf(done, total), at: performance.now() }
    },
    show(done, total) {
      const tenth = tenthOf(done, total)
      if (done <= said.done || (tenth <= said.tenth && performance.now() - said.at < QUIET_MS)) return
      said = { done, tenth, at: performance.now() }
      stream.write(`${String(Math.floor((done / total) * 100)).padStart(3)} %  ${done} of ${total} jobs\n`)
    },
    end: () => {},
  }
}
