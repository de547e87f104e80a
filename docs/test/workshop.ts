import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesOf, isOutput, type Snippet } from './snippets.js'

const here = dirname(fileURLToPath(import.meta.url))
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/** How strictly a reader may compile what they copy. Without the DOM's types: a server has none. */
const COMPILER_OPTIONS = {
  target: 'es2022',
  lib: ['es2024', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  outDir: 'out',
  rootDir: 'src',
}

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly isLate: boolean
}

/** A folder inside the repository, so that `@stint/*` are the workspace's packages as built; one compiler for all blocks, since starting it is what costs. */
export class Workshop {
  readonly #folder: string
  #compiled = ''

  constructor(name: string) {
    this.#folder = join(here, '.work', name)
  }

  compile(snippets: readonly Snippet[]): void {
    rmSync(this.#folder, { recursive: true, force: true })
    for (const [path, code] of filesOf(snippets)) this.#write(`src/${path}`, code)
    this.#write('package.json', JSON.stringify({ type: 'module', private: true }))
    this.#write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['src'] }))
    const { stdout, status, error } = spawnSync(process.execPath, [tsc, '-p', this.#folder, '--pretty', 'false'], {
      cwd: this.#folder,
      encoding: 'utf8',
    })
    if (error) throw error
    if (status !== 0 && !/^\S.*\(\d+,\d+\): error TS/m.test(stdout)) throw new Error(`tsc: ${stdout}`)
    this.#compiled = stdout
  }

  /** The compiler's errors, told by the lines of the page. */
  errorsOf({ folder, file, page, line }: Snippet): string[] {
    const start = `src/${folder}/${file}(`
    return this.#compiled
      .split(/\n(?=\S)/)
      .filter((error) => error.startsWith(start))
      .map((error) =>
        error
          .slice(start.length)
          .trimEnd()
          .replace(/^(\d+),\d+\)/, (_, at: string) => `${page}:${line + Number(at) - 1}`),
      )
  }

  /** Runs the compiled block in its own folder. `forever`: until it has printed what the page shows. `more`: of the environment. */
  run(snippet: Snippet, deadlineMs = 20_000, more: Readonly<Record<string, string>> = {}): Promise<Run> {
    const folder = join(this.#folder, 'out', snippet.folder)
    const main = join(folder, snippet.file.replace(/\.ts$/, '.js'))
    if (!existsSync(main)) throw new Error(`${snippet.page}:${snippet.line} was not compiled`)
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        STORE_URL: 'sqlite:jobs.db',
        NO_COLOR: '1',
        NODE_OPTIONS: '',
        FORCE_COLOR: undefined,
        ...more,
      },
    })
    return new Promise((resolve, reject) => {
      let stdout = ''
      let stderr = ''
      let isLate = false
      const deadline = setTimeout(() => {
        isLate = true
        child.kill('SIGKILL')
      }, deadlineMs)
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
        if (snippet.flags.includes('forever') && isOutput(snippet.output ?? '', stdout)) child.kill('SIGKILL')
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text
      })
      child.on('error', reject)
      child.on('close', (code) => {
        clearTimeout(deadline)
        resolve({ code, stdout, stderr, isLate })
      })
    })
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #write(path: string, text: string): void {
    const at = join(this.#folder, path)
    mkdirSync(dirname(at), { recursive: true })
    writeFileSync(at, text)
  }
}
