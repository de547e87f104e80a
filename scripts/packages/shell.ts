import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

/** What failed, told to a person: no stack. */
export class CheckFailed extends Error {}

const isWindows = process.platform === 'win32'

export function run(cwd: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const done = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: isWindows && command !== process.execPath,
    env: { ...process.env, ...env },
  })
  if (done.error) throw new CheckFailed(`${command}: ${done.error.message}`)
  if (done.status !== 0)
    throw new CheckFailed(
      `${command} ${args.join(' ')} (in ${cwd}) ended with ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`,
    )
  return done.stdout
}

const require = createRequire(import.meta.url)
export const tsc = (cwd: string, ...args: string[]): string =>
  run(cwd, process.execPath, [require.resolve('typescript/bin/tsc'), '--pretty', 'false', ...args])

export const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1] as number
