import { lineOf, type Problem, type SourceFile, withoutComments } from './files.ts'

const isTs = ({ path }: SourceFile): boolean => /\.[mc]?ts$/.test(path)

export function noGrabBags(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => /(^|\/)(types|utils?|helpers?|common|misc|shared)(\.[mc]?ts|\/)/.test(path))
    .map(({ path }) => ({
      at: path,
      message: 'is named for no idea: a file is named by what it holds, and a type lives beside what it describes',
    }))
}

export function noStarExports(files: readonly SourceFile[]): Problem[] {
  return files.filter(isTs).flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(/^export (type )?\*/gm)].map(({ index }) => ({
      at: `${path}:${lineOf(text, index)}`,
      message: 'exports a star: the door names what it hands out, so that nothing becomes public by accident',
    })),
  )
}

/** One word per idea. Parts of names in camelCase, kebab-case and snake_case count as words. */
const BANNED: readonly { readonly word: RegExp; readonly say: string }[] = [
  { word: /\block(s|ed|ing)?\b/i, say: 'lease, for the right to work on a job' },
  { word: /\bstalled\b/i, say: 'expired, or over' },
  { word: /\btasks?\b/i, say: 'job' },
  { word: /\bvisibility[ -]?timeout\b/i, say: 'lease' },
]

/** Where a banned word means what it says: the database's own locks, or a comparison with other systems. Paths by prefix, then what may stand there. */
const ALLOWED: readonly { readonly path: string; readonly words: RegExp }[] = [
  { path: 'packages/store-', words: /lock/i },
  { path: 'bench/raw/', words: /lock/i },
  { path: 'bench/layouts/', words: /lock/i },
  { path: 'packages/core/src/conformance/clauses', words: /lock/i },
  { path: 'docs/store-contract.md', words: /lock/i },
  { path: 'scripts/tidy/', words: /./ },
  { path: 'scripts/test/tidy.test.ts', words: /./ },
  // The lock files of package managers.
  { path: 'examples/checksum-folder/', words: /lock/ },
  { path: 'docs/comparison.md', words: /./ },
  // Says once what other systems call our ideas.
  { path: 'docs/glossary.md', words: /./ },
  { path: 'docs/adr/', words: /lock/i },
  { path: 'README.md', words: /visibility|stalled/i },
  { path: 'turbo.json', words: /tasks/ },
]
/** Sayings in which the word is another one. */
const SAYINGS =
  /[\w-]+-lock\b|lock[ -]?file|lockstep|dead-?lock(s|ed)?|(write|read|file|row|table|advisory|database) locks?|micro-?tasks?|SQLITE_LOCKED|task(kill|list)/gi

export function bannedWords(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => /\.(md|ts|mts|mjs)$/.test(path) && !path.startsWith('.'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => {
        const words = line
          .replace(SAYINGS, ' ')
          .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
          .replaceAll('_', ' ')
        return BANNED.flatMap(({ word, say }) => {
          const found = word.exec(words)?.[0]
          if (!found || ALLOWED.some((place) => path.startsWith(place.path) && place.words.test(found))) return []
          return [
            {
              at: `${path}:${index + 1}`,
              message: `says “${found}”; our word is: ${say} (one word per idea; scripts/tidy/names.ts)`,
            },
          ]
        })
      }),
    )
}
