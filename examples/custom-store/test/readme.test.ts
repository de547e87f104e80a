import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))
const sources = globSync('src/*.ts', { cwd: root }).map((file) => readFileSync(`${root}${file}`, 'utf8'))
const page = readFileSync(`${root}README.md`, 'utf8')
const snippets = Array.from(page.matchAll(/^```ts\n(.*?)^```/gms), ([, text]) => String(text))
const layout = /^```text\n(\['job'.*?)^```/ms.exec(page)?.[1] ?? ''

describe('the tutorial', () => {
  it('shows code', () => expect(snippets).not.toEqual([]))

  it.each(snippets)('shows what stands in the sources: %s', (snippet) => {
    expect(sources.some((text) => text.includes(snippet))).toBe(true)
  })

  it('shows the layout of keys.ts', () => {
    const entries = layout.split('\n').filter((line) => line.startsWith('['))
    expect(entries.length).toBeGreaterThan(8)
    for (const entry of entries) expect(sources.some((text) => text.includes(` ${entry}`))).toBe(true)
  })
})
