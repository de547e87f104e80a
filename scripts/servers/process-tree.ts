/** A process with all that it started: Postgres gives each connection a process, and each of them a group of its own, so no signal reaches them all. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

const GONE_MS = 10_000
const LOOK_MS = 5

interface Known {
  readonly pid: number
  readonly parent: number
  readonly isZombie: boolean
}

/** Nothing new appears in a tree whose root is stopped, so it is stopped first. Answers with who was signalled, the root first. */
export function signalTree(root: number, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): number[] {
  if (process.platform === 'win32') {
    send(root, signal)
    return [root]
  }
  send(root, 'SIGSTOP')
  const tree = treeOf(root)
  for (const pid of tree) send(pid, signal)
  return tree
}

/** Until none of them runs any more. Who was killed holds its memory and its port until then. */
export async function allGone(pids: readonly number[]): Promise<void> {
  for (const until = Date.now() + GONE_MS; ; ) {
    const left = pids.filter(isAlive)
    if (left.length === 0) return
    if (Date.now() > until)
      throw new Error(`processes ${left.join(', ')} are still there ${GONE_MS / 1000} s after their kill`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has just ended.
  }
}

function treeOf(root: number): number[] {
  const all = processes()
  const tree = [root]
  // The list grows while it is walked.
  for (const pid of tree) tree.push(...all.filter(({ parent }) => parent === pid).map((one) => one.pid))
  return tree
}

/** A zombie is gone: whoever should have asked for its end did not, which is no matter of ours. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return processes().some((one) => one.pid === pid && !one.isZombie)
}

/** Small images of Linux have no `ps`. */
function processes(): Known[] {
  return existsSync('/proc/self/stat') ? fromProc() : fromPs()
}

function fromProc(): Known[] {
  return readdirSync('/proc').flatMap((name): Known[] => {
    if (!/^\d+$/.test(name)) return []
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8')
      // Behind the name of the program, in which anything may stand.
      const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return [{ pid: Number(name), parent: Number(parent), isZombie: state === 'Z' || state === 'X' }]
    } catch {
      return []
    }
  })
}

function fromPs(): Known[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [pid = '', parent = '', state = ''] = line.trim().split(/\s+/)
    return { pid: Number(pid), parent: Number(parent), isZombie: state.startsWith('Z') }
  })
}
