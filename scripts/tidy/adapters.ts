import { importsOf, type Problem, type SourceFile } from './files.ts'

/** A reader who knows one store knows all: the same files stand in each, in this order. `commands` and `conformance` may be folders. */
const SHARED = ['index', 'options', 'store', 'commands', 'schema', 'record', 'failures', 'conformance']

/** What one engine needs besides. A file that two stores have under two names belongs under one. */
const EXTRA: Readonly<Record<string, readonly string[]>> = {
  'store-mongo': ['connection', 'transaction'],
  'store-postgres': ['connection', 'orm', 'others', 'transaction', 'upkeep', 'wake'],
  'store-redis': ['connection', 'library', 'wake'],
  'store-sqlite': ['connection', 'same-files', 'transaction', 'wake', 'wal-bound'],
}

export function sameFilesPerAdapter(files: readonly SourceFile[]): Problem[] {
  const adapters = new Map<string, Set<string>>()
  for (const { path } of files) {
    const [, name, rest] = /^packages\/(store-[^/]+)\/src\/([^/]+)/.exec(path) ?? []
    if (!name || !rest) continue
    adapters.set(name, (adapters.get(name) ?? new Set()).add(rest.replace(/\.ts$/, '')))
  }
  return [...adapters].flatMap(([name, has]) => {
    const may = new Set([...SHARED, ...(EXTRA[name] ?? [])])
    const at = `packages/${name}/src`
    return [
      ...SHARED.filter((file) => !has.has(file)).map((file) => ({
        at,
        message: `has no ${file}.ts: every store has the same files, so a reader who knows one knows all`,
      })),
      ...[...has]
        .filter((file) => !may.has(file))
        .map((file) => ({
          at: `${at}/${file}`,
          message:
            'is a file that other stores do not have: list it in scripts/tidy/adapters.ts, if the engine needs it',
        })),
    ]
  })
}

export function storesImportCoreOnly(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => /^packages\/store-[^/]+\/src\//.test(path))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => /^@stint\//.test(specifier) && !mayImport(file).includes(specifier))
        .map(({ specifier, line }) => ({
          at: `${file.path}:${line}`,
          message: `imports ${specifier}: a store knows the contract and its engine, nothing else`,
        })),
    )
}

const mayImport = ({ path }: SourceFile): readonly string[] => [
  '@stint/core',
  '@stint/core/store',
  // How the suite comes to the engine is told in the suite's own words.
  ...(/^packages\/[^/]+\/src\/conformance[./]/.test(path) ? ['@stint/core/conformance'] : []),
]

/** A relative path into another package works here and breaks for whoever installs it. */
export function noImportAcrossPackages(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => /^(packages\/[^/]+\/src|examples)\//.test(path) && /\.[mc]?ts$/.test(path))
    .flatMap((file) => {
      const own = file.path.split('/').slice(0, 2).join('/')
      return importsOf(file)
        .filter(
          ({ specifier }) =>
            specifier.startsWith('.') && !new URL(specifier, `file:///${file.path}`).pathname.startsWith(`/${own}/`),
        )
        .map(({ specifier, line }) => ({
          at: `${file.path}:${line}`,
          message: `imports ${specifier}, outside of its package: what is published holds its own folder only`,
        }))
    })
}
