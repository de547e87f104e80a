import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const programs = fileURLToPath(new URL('../', import.meta.url))
/** Inside the repository, so that `@stint/*` are the workspace's packages as built. */
const out = fileURLToPath(new URL('../../test/.work/programs/', import.meta.url))

/** Compiles every program, strictly and against the built packages, into JavaScript. Answers what the compiler complains of. */
export function compile(): string {
  rmSync(out, { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const args = [tsc, '-p', programs, '--noEmit', 'false', '--outDir', out, '--rootDir', programs, '--pretty', 'false']
  const { stdout, error } = spawnSync(process.execPath, args, { cwd: programs, encoding: 'utf8' })
  if (error) throw error
  return stdout.trim()
}

export const removeCompiled = (): void => rmSync(out, { recursive: true, force: true })

/** A folder of the test's own. */
export function place(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stint-programs-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A compiled program in a process of its own, killed when its test is over. */
export class Running {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
  #stdout = ''
  #stderr = ''
  #look = (): void => {}

  constructor(program: string, cwd: string, env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [join(out, `${program}.js`)], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
        NODE_TEST_CONTEXT: undefined,
        ...env,
      },
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#look()
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      this.child.once('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }))
    })
    onTestFinished(async () => {
      this.child.kill('SIGKILL')
      await this.ended.catch(() => {}) // its folder is removed next, and must not be written to any more
    })
  }

  /** What the program printed that matches; rejects when it ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        const match = pattern.exec(this.#stdout)
        if (match) resolve(match)
      }
      this.#look()
      void this.ended.then((end) => reject(new Error(`ended without saying ${pattern}: ${JSON.stringify(end)}`)))
    })
  }
}
