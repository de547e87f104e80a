import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * Facts about types, one test per file `*.test-d.ts`. By the compiler itself rather than by Vitest's own type checking, which is experimental
 * and was seen to pass a file that imports a name that does not exist. A fact that no longer holds and a `@ts-expect-error` that is no longer
 * needed are both errors of the compiler.
 */
export function typeFacts(packageFolder: string): void {
  const files = readdirSync(join(packageFolder, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test-d.ts'))
    .map((file) => `test/${file.replaceAll('\\', '/')}`)
  describe('types', () => {
    it('has files of facts', () => expect(files).not.toEqual([]))
    const compiled = files.length > 0 ? compile(packageFolder) : ''
    it.each(files)('%s › holds every fact it states', (file) => {
      expect(readFileSync(join(packageFolder, file), 'utf8')).toMatch(/\S/)
      expect(errorsOf(compiled, file)).toEqual([])
    })
  })
}

function compile(packageFolder: string): string {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const tsc = spawnSync(process.execPath, [compiler, '-p', packageFolder, '--noEmit', '--pretty', 'false'], {
    cwd: packageFolder,
    encoding: 'utf8',
  })
  if (tsc.error) throw tsc.error
  if (tsc.status !== 0 && !/^\S.*\(\d+,\d+\): error TS/m.test(tsc.stdout))
    throw new Error(`tsc: ${tsc.stdout}${tsc.stderr}`)
  return tsc.stdout
}

/** Errors in other files belong to `npm run check`; their continuation lines are indented. */
const errorsOf = (compiled: string, file: string): string[] =>
  compiled
    .trimEnd()
    .split(/\n(?=\S)/)
    .filter((error) => error.startsWith(`${file}(`))
