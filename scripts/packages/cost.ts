/** What `import '@stint/core'` costs: time over a bare Node, and bytes. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'esbuild'
import { CheckFailed, median } from './shell.ts'

const MAX_MS = 25
/** Beside other work everything takes longer, Node's own start too: then the ratio of the two judges. 0.7 on a quiet machine, 0.8 on a busy one. */
const MAX_RATIO = 1.3
const MAX_BYTES = 25 * 1024
const SPAWNS = 41

/** Pairs of starts, the bare one beside the other, so that a machine that is slow for a while slows both. */
export function importTime(folder: string): string {
  writeFileSync(join(folder, 'bare.mjs'), '')
  writeFileSync(join(folder, 'core.mjs'), "import '@stint/core'\n")
  const bare: number[] = []
  const over: number[] = []
  for (let i = 0; i < SPAWNS; i++) {
    const [one, other] =
      i % 2 === 0
        ? [startMs(folder, 'bare.mjs'), startMs(folder, 'core.mjs')]
        : [startMs(folder, 'core.mjs'), startMs(folder, 'bare.mjs')].reverse()
    bare.push(one as number)
    over.push((other as number) - (one as number))
  }
  const cost = median(over)
  const said = `import of @stint/core: ${cost.toFixed(1)} ms over bare Node (${median(bare).toFixed(1)} ms; median of ${SPAWNS} pairs; at most ${MAX_MS} ms)`
  if (cost > MAX_MS && cost > MAX_RATIO * median(bare)) throw new CheckFailed(said)
  return said
}

function startMs(folder: string, file: string): number {
  const began = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [file], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  if (status !== 0) throw new CheckFailed(`node ${file}: ${stderr}`)
  return performance.now() - began
}

/**
 * The main door with all that importing it loads, its dependencies too, as a bundler would ship it; beside it, what is loaded later: the rooms
 * that come while a store opens, the memory store, the look-up of `openStore`. Both are said, the first is held to the limit.
 */
export async function importSize(folder: string): Promise<string> {
  const bytes = await bundled(folder, [loadedLater])
  const whole = await bundled(folder, [])
  const kb = (size: number): string => `${(size / 1024).toFixed(1)} KB`
  const said = `@stint/core without its subpaths: importing it loads ${kb(bytes)} minified and gzipped (at most ${kb(MAX_BYTES)}); with all it loads later ${kb(whole)}`
  if (bytes > MAX_BYTES) throw new CheckFailed(said)
  return said
}

async function bundled(folder: string, plugins: Plugin[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: "export * from '@stint/core'", resolveDir: folder },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    write: false,
    logLevel: 'silent',
    plugins,
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

const loadedLater: Plugin = {
  name: 'loaded-later',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^/ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined)),
}
