import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { root } from '../root.ts'
import { CheckFailed, run } from './shell.ts'

export interface Tarball {
  readonly name: string
  readonly path: string
}

/** Every package that is not private, as it would be published. */
export function pack(into: string): Tarball[] {
  return globSync('packages/*/package.json', { cwd: root })
    .sort()
    .flatMap((manifest) => {
      const { name, private: isPrivate } = JSON.parse(readFileSync(join(root, manifest), 'utf8')) as {
        name: string
        private?: boolean
      }
      if (isPrivate) return []
      const [packed] = JSON.parse(
        run(root, 'npm', ['pack', '--json', '--workspace', name, '--pack-destination', into]),
      ) as PackReport[]
      if (!packed) throw new CheckFailed(`npm pack says nothing of ${name}`)
      mustHold(
        name,
        packed.files.map(({ path }) => path),
      )
      fieldsAreNotExports(name, dirname(join(root, manifest)))
      return [{ name, path: join(into, packed.filename) }]
    })
}

/**
 * The step that makes CommonJS takes a field for the export of the same name: `this.a = null` becomes `this.a = exports.a = null`, and the first
 * object that is made takes the export from all other files.
 */
function fieldsAreNotExports(name: string, folder: string): void {
  const taken = globSync('dist/*.cjs', { cwd: folder }).flatMap((file) =>
    Array.from(
      readFileSync(join(folder, file), 'utf8').matchAll(/\.#?(\w+) = exports\.\1 = /g),
      ([, field]) => `${file}: ${field}`,
    ),
  )
  if (taken.length > 0)
    throw new CheckFailed(
      `${name}: a field has the name of an export of its file, which it overwrites in CommonJS: ${taken.join(', ')}. Rename one`,
    )
}

interface PackReport {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

function mustHold(name: string, files: readonly string[]): void {
  for (const path of [
    'package.json',
    'LICENSE',
    'README.md',
    'dist/index.js',
    'dist/index.cjs',
    'dist/index.d.ts',
    'dist/index.d.cts',
  ]) {
    if (!files.includes(path)) throw new CheckFailed(`${name}: the tarball lacks ${path}`)
  }
  const foreign = files.filter((path) => !/^(dist\/|package\.json$|LICENSE$|README\.md$|CHANGELOG\.md$)/.test(path))
  if (foreign.length > 0)
    throw new CheckFailed(`${name}: the tarball holds what nobody who installs it needs: ${foreign.join(', ')}`)
}

export async function lint({ name, path }: Tarball): Promise<void> {
  const { messages, pkg } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(path)).buffer },
    strict: true,
  })
  if (messages.length > 0) {
    throw new CheckFailed(
      `publint, ${name}:\n${messages.map((message) => `  ${formatMessage(message, pkg, { color: false })}`).join('\n')}`,
    )
  }
}

/** All four ways of resolving (node10, node16 from CommonJS and from ESM, bundler) must find the right types at every door. */
export function areTheTypesRight({ path }: Tarball): void {
  run(root, 'attw', [path, '--no-color', '--no-emoji', '--format', 'ascii'])
}
