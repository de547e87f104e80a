import { dirname, join, matchesGlob } from 'node:path/posix'
import { importsOf, type Problem, type SourceFile } from './files.ts'

/**
 * Core in layers: an import, of types too, points to the same layer or to an earlier one, so each layer can be read and tested without those
 * below it. A new file belongs somewhere: name it here. Globs, relative to packages/core/src, without `.ts`.
 * `store` stands among the nouns although it is the contract: its file is types only, and the rules speak of them.
 */
const LAYERS = Object.entries({
  nouns: `
    record json duration schema clock seam errors job audit-event capabilities store
    names backoff policy define adapter-packages`,
  rules: `
    transitions kit answer-order owed-hints budget lingering store-failures store-url outcomes ext detail cut failure log-text json-text checked-json present fold commands text`,
  contract: `
    living-store base-store table table-* record-copy memory/*`,
  suite: `
    conformance/**`,
  runtime: `
    runtime store-door batch-item send-batch still-unknown coalescer lanes capacity wake watch sweeper metrics telemetry logger local-events
    accept settle settled-in-tx lease-lost hold held-job lease abort-reasons handler known-definitions job-lines
    enqueue-options new-job produce result-text in-turn read-jobs list-jobs wait feed operate operate-lanes claim-jobs pull
    tracked-job tx-queue attempt run-attempt heart taker worker open-rooms retention store-from-url make-runtime queue open-store`,
  doors: `
    index kit-door testing/*`,
}).map(([name, globs]) => ({ name, files: globs.trim().split(/\s+/) }))

const CORE = 'packages/core/src/'

export function coreLayers(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => path.startsWith(CORE))
    .flatMap((file) => {
      const own = layerOf(file.path)
      if (own === -1) {
        return [
          {
            at: file.path,
            message:
              'belongs to no layer: say in scripts/tidy/layers.ts where it stands, so that imports have a direction',
          },
        ]
      }
      return importsOf(file).flatMap(({ specifier, line }) => problemOf(file.path, own, specifier, line))
    })
}

function problemOf(path: string, own: number, specifier: string, line: number): Problem[] {
  const at = `${path}:${line}`
  if (specifier.startsWith('@stint/')) {
    return [{ at, message: `imports ${specifier}: core stands alone, and its own files are imported by path` }]
  }
  if (!specifier.startsWith('.')) {
    const isOfModel = path.startsWith(`${CORE}conformance/model/`) && specifier === 'fast-check' // an optional peer
    const isAllowed = specifier.startsWith('node:') || specifier === 'ulid' || isOfModel
    return isAllowed ? [] : [{ at, message: `imports ${specifier}: core depends on no driver and on nothing but ulid` }]
  }
  const target = join(dirname(path), specifier).replace(/\.js$/, '.ts')
  if (target === `${CORE}index.ts` && !path.startsWith(`${CORE}testing/`)) {
    return [
      { at, message: 'imports index.ts: the door is for users; an inner file that goes through it makes a cycle' },
    ]
  }
  const theirs = layerOf(target)
  if (theirs <= own) return []
  return [
    {
      at,
      message: `${nameOf(own)} import ${specifier}, which belongs to the later layer ${nameOf(theirs)}: what is read first may not need what comes after`,
    },
  ]
}

function layerOf(path: string): number {
  const name = path.slice(CORE.length).replace(/\.ts$/, '')
  return LAYERS.findIndex(({ files }) => files.some((glob) => matchesGlob(name, glob)))
}

const nameOf = (layer: number): string => LAYERS[layer]?.name ?? 'none'
