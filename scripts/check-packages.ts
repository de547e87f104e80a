/** The public packages as strangers get them: packed, linted, installed outside the repository, imported, compiled against, weighed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importSize, importTime } from './packages/cost.ts'
import { CheckFailed } from './packages/shell.ts'
import { compilesAndRuns, conformanceRuns, doorsOpen, install, missingIsNamed } from './packages/stranger.ts'
import { areTheTypesRight, lint, pack } from './packages/tarballs.ts'

const folder = mkdtempSync(join(tmpdir(), 'stint-packages-'))
const stranger = join(folder, 'stranger')
let failures = 0

/** Answers whether it went well; what stands on a failed step is left out by the caller. */
async function step(name: string, work: () => unknown): Promise<boolean> {
  try {
    const said = await work()
    console.log(`ok     ${typeof said === 'string' ? said : name}`)
    return true
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error
    failures += 1
    console.error(`FAILED ${name}\n${error.message.replace(/^/gm, '       ')}`)
    return false
  }
}

try {
  let tarballs: ReturnType<typeof pack> = []
  await step('npm pack', () => {
    tarballs = pack(folder)
  })
  for (const tarball of tarballs) {
    await step(`publint ${tarball.name}`, () => lint(tarball))
    await step(`attw ${tarball.name}`, () => areTheTypesRight(tarball))
  }
  if (
    tarballs.length > 0 &&
    (await step('the tarballs install in an empty folder', () => install(stranger, tarballs)))
  ) {
    await step('import and require find the same names at every door', () => doorsOpen(stranger))
    for (const type of ['commonjs', 'module'] as const) {
      for (const module of ['node16', 'nodenext'] as const) {
        await step(`a ${type} project with module ${module} compiles strictly and runs`, () =>
          compilesAndRuns(stranger, module, type),
        )
      }
    }
    await step('a store or a driver that is not installed is named', () => missingIsNamed(stranger))
    await step('npx stint-conformance', () => conformanceRuns(stranger))
    await step('import time', () => importTime(stranger))
    await step('import size', () => importSize(stranger))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (failures > 0) {
  console.error(`packages: ${failures} checks failed`)
  process.exit(1)
}
