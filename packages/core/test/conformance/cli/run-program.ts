import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const HOOKS = at('../../../../../scripts/with-sources.mjs')
const PROGRAM = at('../../../src/conformance/cli/main.ts')
export const STORES = at('./stores.ts')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** On the sources, as its own process. `started` may talk to it. */
export function runNode(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  started: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', HOOKS, ...args], { env: { ...process.env, ...env } })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  started(child)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

export const runProgram = (
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
  started?: (child: ChildProcess) => void,
): Promise<Ended> => runNode([PROGRAM, ...args], env, started)

/** The store of that export, with few cases unless told otherwise. */
export const runStore = (name: string, ...args: readonly string[]): Promise<Ended> =>
  runProgram(['--module', STORES, '--export', name, ...(args.length > 0 ? args : ['--only', 'FENCE-5'])])
