import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
const DEADLINE_MS = 20_000

describe('code on our pages', () => {
  it('is found', () => expect(snippets).not.toEqual([]))
  beforeAll(() => {
    if (snippets.length > 0) workshop.compile(snippets)
  })
  afterAll(() => workshop.remove())

  for (const snippet of snippets) {
    const at = `${snippet.page}:${snippet.line}`
    it(`${at} › compiles`, () => expect(workshop.errorsOf(snippet)).toEqual([]))
    if (!snippet.flags.includes('run') && !snippet.flags.includes('forever')) continue
    it(
      `${at} › runs as the page says`,
      async () => {
        const run = await workshop.run(snippet, DEADLINE_MS)
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
