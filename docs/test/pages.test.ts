import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Databases } from './databases.js'
import { isOutput, snippetsOf } from './snippets.js'
import { Workshop } from './workshop.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const snippets = globSync(['README.md', 'docs/**/*.md', 'packages/*/README.md'], {
  cwd: root,
  exclude: (path) => /node_modules|\.work/.test(path),
})
  .sort()
  .flatMap((page) => snippetsOf(page.replaceAll('\\', '/'), readFileSync(`${root}${page}`, 'utf8')))
const workshop = new Workshop('pages')
const databases = new Databases()
const DEADLINE_MS = 20_000

describe('code on our pages', () => {
  it('is found', () => expect(snippets).not.toEqual([]))
  beforeAll(() => {
    if (snippets.length > 0) workshop.compile(snippets)
  })
  afterAll(async () => {
    workshop.remove()
    await databases.stop()
  })

  for (const snippet of snippets) {
    const at = `${snippet.page}:${snippet.line}`
    it(`${at} › compiles`, () => expect(workshop.errorsOf(snippet)).toEqual([]))
    if (!snippet.flags.includes('run') && !snippet.flags.includes('forever')) continue
    it(
      `${at} › runs as the page says`,
      async ({ skip }) => {
        const database = snippet.flags.includes('postgres') ? await databases.make() : undefined
        if (database === null) return skip('there is no Postgres server')
        const run = await workshop.run(snippet, DEADLINE_MS, database && { POSTGRES_URL: database.url })
        await database?.drop()
        expect(run.isLate, `is not over after ${DEADLINE_MS} ms; printed so far:\n${run.stdout}${run.stderr}`).toBe(
          false,
        )
        if (!snippet.flags.includes('forever')) expect(run.code, run.stderr).toBe(0)
        if (snippet.output !== null && !isOutput(snippet.output, run.stdout)) expect(run.stdout).toBe(snippet.output)
      },
      DEADLINE_MS + 5_000,
    )
  }
})
