import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isOutput, type Snippet, snippetsOf } from './snippets.js'
import { Workshop } from './workshop.js'

const PAGE = `# A page
## Two files
\`\`\`ts
// words.ts
export const word: string = 'hello'
\`\`\`
\`\`\`ts run
import { isStintError } from '@stint/core'
import { word } from './words.js'
console.log(word, isStintError(null))
\`\`\`

\`\`\`text
hello false
\`\`\`
## Later, wrong
- in a list
  \`\`\`ts
  import { word } from './words.js'
  const length: number = word
  \`\`\`
- and not TypeScript
  \`\`\`sh
  npm start
  \`\`\`
## Wrong when run
\`\`\`ts run
setInterval(() => {}, 1000)
\`\`\`
\`\`\`ts run
throw new Error('on purpose')
\`\`\`
\`\`\`ts forever
setInterval(() => console.log(Date.now(), 'tick'), 1)
\`\`\`
\`\`\`text
… tick
…
\`\`\`
`

describe('the harness for pages', () => {
  const snippets = snippetsOf('a.md', PAGE)
  const workshop = new Workshop('harness')
  beforeAll(() => workshop.compile(snippets))
  afterAll(() => workshop.remove())
  const at = (line: number): Snippet => snippets.find((snippet) => snippet.line === line) as Snippet

  it('finds every ts block, also in a list, with its line', () => {
    expect(snippets.map(({ line, file, output }) => [line, file, output])).toEqual([
      [4, 'words.ts', null],
      [8, 'line-8.ts', 'hello false'],
      [19, 'line-19.ts', null],
      [28, 'line-28.ts', null],
      [31, 'line-31.ts', null],
      [34, 'line-34.ts', '… tick\n…'],
    ])
  })
  it('leaves a block alone that a script has quoted from a source', () =>
    expect(snippetsOf('a.md', '```ts quoted\ninterface Elsewhere extends Unknown {}\n```')).toEqual([]))
  it('passes a block that is right, with an import of a named one and of a built package', () =>
    expect(workshop.errorsOf(at(8))).toEqual([]))
  it('tells a type error by the line of the page, with a file of an earlier section in reach', () => {
    expect(workshop.errorsOf(at(19))).toEqual([
      "a.md:20: error TS2322: Type 'string' is not assignable to type 'number'.",
    ])
  })
  it('runs a block and compares what it prints', async () => {
    const run = await workshop.run(at(8))
    expect(run).toEqual({ code: 0, stdout: 'hello false\n', stderr: '', isLate: false })
  })
  it('says that a block is not over at its deadline', async () => {
    expect(await workshop.run(at(28), 300)).toMatchObject({ code: null, isLate: true })
  })
  it('says that a block failed', async () => {
    const run = await workshop.run(at(31))
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('on purpose')
  })
  it('ends a block that runs for ever once it has printed what the page shows', async () => {
    expect(await workshop.run(at(34))).toMatchObject({ isLate: false, stdout: expect.stringContaining('tick') })
  })
  it.each([
    ['a flag that it does not know', '```ts ran\n```', /unknown flag/],
    ['two blocks of one name in a section', '```ts\n// a.ts\n```\n```ts\n// a.ts\n```', /second block/],
    ['a block without an end', '```ts\n1', /no end/],
    ['forever without an output', '```ts forever\n```', /needs/],
  ])('refuses %s', (_, text, message) => expect(() => snippetsOf('a.md', text)).toThrow(message))
  it.each([
    ['a', 'a\n', true],
    ['a', 'a b', false],
    ['id …, done', 'id 01ABC, done', true],
    ['a\n…\nz', 'a\nb\nc\nz', true],
    ['a.c', 'abc', false],
  ])('output %j against %j: %s', (shown, printed, expected) => expect(isOutput(shown, printed)).toBe(expected))
})
