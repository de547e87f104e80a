import { describe, expect, it } from 'vitest'
import { noImportAcrossPackages, sameFilesPerAdapter, storesImportCoreOnly } from '../tidy/adapters.ts'
import { adrNumbers, docLinks, errorCodes } from '../tidy/docs.ts'
import type { Problem, SourceFile } from '../tidy/files.ts'
import { coreLayers } from '../tidy/layers.ts'
import { bannedWords, noGrabBags, noStarExports } from '../tidy/names.ts'
import { fileSizes, functionSizes } from '../tidy/sizes.ts'

type Rule = (files: readonly SourceFile[]) => Problem[]
type Case = readonly [name: string, rule: Rule, files: Readonly<Record<string, string>>, found: readonly string[]]

const core = (file: string): string => `packages/core/src/${file}`
const adapter = (name: string, extra: Record<string, string> = {}): Record<string, string> => ({
  ...Object.fromEntries(
    ['index', 'options', 'store', 'commands', 'schema', 'record', 'failures', 'conformance'].map((file) => [
      `packages/${name}/src/${file}.ts`,
      '',
    ]),
  ),
  ...extra,
})
const codes = {
  [core('errors.ts')]: 'export interface StintErrorDetails {\n  ONE: {}\n  TWO: { readonly a: string }\n}\n',
}

const CASES: readonly Case[] = [
  [
    'an import of an earlier layer passes',
    coreLayers,
    { [core('kit.ts')]: "import type { A } from './record.js'" },
    [],
  ],
  [
    'an import of a later layer',
    coreLayers,
    { [core('kit.ts')]: "import {\n  a,\n} from './queue.js'" },
    [`${core('kit.ts')}:3`],
  ],
  [
    'an import of the door',
    coreLayers,
    { [core('queue.ts')]: "import { a } from './index.js'" },
    [`${core('queue.ts')}:1`],
  ],
  [
    'a re-export counts as an import',
    coreLayers,
    { [core('kit.ts')]: "export { a } from './queue.js'" },
    [`${core('kit.ts')}:1`],
  ],
  ['an import in a comment is none', coreLayers, { [core('kit.ts')]: "// import { a } from './queue.js'" }, []],
  ['a driver in core', coreLayers, { [core('queue.ts')]: "import pg from 'pg'" }, [`${core('queue.ts')}:1`]],
  ['a file of core without a layer', coreLayers, { [core('zzz.ts')]: '' }, [core('zzz.ts')]],
  [
    'a store that imports core passes',
    storesImportCoreOnly,
    { 'packages/store-x/src/a.ts': "import { a } from '@stint/core/store'" },
    [],
  ],
  [
    'a store that imports a store',
    storesImportCoreOnly,
    { 'packages/store-x/src/a.ts': "import { a } from '@stint/store-y'" },
    ['packages/store-x/src/a.ts:1'],
  ],
  [
    'a store that imports the suite, outside of the piece that leads the suite to it',
    storesImportCoreOnly,
    {
      'packages/store-x/src/a.ts': "import { a } from '@stint/core/conformance'",
      'packages/store-x/src/conformance.ts': "import { a } from '@stint/core/conformance'",
      'packages/store-x/src/conformance/a.ts': "import { a } from '@stint/core/conformance'",
    },
    ['packages/store-x/src/a.ts:1'],
  ],
  [
    'a path out of the package',
    noImportAcrossPackages,
    { 'packages/store-x/src/a.ts': "import { a } from '../../core/src/a.js'" },
    ['packages/store-x/src/a.ts:1'],
  ],
  [
    'a path within the package passes',
    noImportAcrossPackages,
    { 'packages/store-x/src/b/a.ts': "import { a } from '../a.js'" },
    [],
  ],
  ['adapters with the same files pass', sameFilesPerAdapter, { ...adapter('store-x'), ...adapter('store-y') }, []],
  [
    'an adapter with a file of its own',
    sameFilesPerAdapter,
    adapter('store-x', { 'packages/store-x/src/own.ts': '' }),
    ['packages/store-x/src/own'],
  ],
  [
    'an adapter that lacks files',
    sameFilesPerAdapter,
    { 'packages/store-x/src/index.ts': '' },
    Array(7).fill('packages/store-x/src'),
  ],
  [
    'a grab bag',
    noGrabBags,
    { [core('utils.ts')]: '', [core('helpers/a.ts')]: '', [core('utilisation.ts')]: '' },
    [core('utils.ts'), core('helpers/a.ts')],
  ],
  ['a star', noStarExports, { [core('a.ts')]: "\nexport * from './b.js'" }, [`${core('a.ts')}:2`]],
  [
    'a banned word in a name',
    bannedWords,
    { [core('a.ts')]: 'const jobLock = 1\nconst LOCK_MS = 2\nconst block = 3' },
    [`${core('a.ts')}:1`, `${core('a.ts')}:2`],
  ],
  [
    'a banned word in a comment and on a page',
    bannedWords,
    { [core('a.ts')]: '// a stalled job', 'docs/a.md': 'A task.' },
    [`${core('a.ts')}:1`, 'docs/a.md:1'],
  ],
  [
    'a lock of the database',
    bannedWords,
    { 'packages/store-x/src/a.ts': '// takes the write lock', [core('a.ts')]: '// no row lock' },
    [],
  ],
  [
    'a code without a heading, a heading without a code',
    errorCodes,
    { ...codes, 'docs/errors.md': '## `ONE`\n## THREE\n' },
    ['docs/errors.md', 'docs/errors.md'],
  ],
  ['codes and headings that agree', errorCodes, { ...codes, 'docs/errors.md': '## ONE\n### `TWO`\n' }, []],
  ['no page of errors', errorCodes, codes, ['docs/errors.md']],
  ['a table that has moved', errorCodes, { 'docs/errors.md': '' }, ['packages/core/src/errors.ts']],
  [
    'a link to nothing',
    docLinks,
    { 'docs/a.md': 'x\n[a](no-such-page.md) [b](https://example.org) `[c](d)`' },
    ['docs/a.md:2'],
  ],
  [
    'a link to a heading that is not there',
    docLinks,
    { 'LICENSE.md': '# One `two`, three\n[a](#one-two-three) [b](#four)' },
    ['LICENSE.md:2'],
  ],
  ['decisions in a row', adrNumbers, { 'docs/adr/0001-a.md': '# 1. A', 'docs/adr/0002-b.md': '# 0002 B' }, []],
  [
    'a gap between decisions',
    adrNumbers,
    { 'docs/adr/0001-a.md': '# 1. A', 'docs/adr/0003-b.md': '# 3. B' },
    ['docs/adr/0003-b.md'],
  ],
  ['a decision headed by another number', adrNumbers, { 'docs/adr/0001-a.md': '# 2. A' }, ['docs/adr/0001-a.md']],
  ['a long file', fileSizes, { [core('a.ts')]: '\n'.repeat(401), [core('b.ts')]: '\n'.repeat(400) }, [core('a.ts')]],
  [
    'a long function',
    functionSizes,
    { [core('a.ts')]: `\nexport function a(): void {\n${'  b()\n'.repeat(69)}}\n` },
    [`${core('a.ts')}:2`],
  ],
  [
    'a long method',
    functionSizes,
    { [core('a.ts')]: `class A {\n  async b(): Promise<void> {\n${'    b()\n'.repeat(69)}  }\n}\n` },
    [`${core('a.ts')}:2`],
  ],
  [
    'a function of seventy lines passes',
    functionSizes,
    { [core('a.ts')]: `function a(): void {\n${'  b()\n'.repeat(68)}}\n` },
    [],
  ],
]

describe('tidy', () => {
  it.each(CASES)('%s', (_, rule, files, found) => {
    expect(rule(Object.entries(files).map(([path, text]) => ({ path, text }))).map(({ at }) => at)).toEqual(found)
  })
})
