import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { root } from '../root.ts'

export interface SourceFile {
  /** From the repository's root, with slashes. */
  readonly path: string
  readonly text: string
}

export interface Problem {
  /** `path` or `path:line`. */
  readonly at: string
  /** What is wrong, and why it matters. */
  readonly message: string
  /** Told, but nothing fails. */
  readonly isOnlyWarning?: boolean
}

const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.turbo', '.vitest', 'coverage', 'prisma-client'])

/** Every text file of the repository that a person wrote, sorted by path. */
export function readFiles(): SourceFile[] {
  const found: SourceFile[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(`${root}${folder}`, { withFileTypes: true })) {
      const path = `${folder}${entry.name}`
      if (NOT_OURS.has(entry.name)) continue
      if (entry.isDirectory()) walk(`${path}/`)
      else if (/\.(ts|mts|cts|mjs|js|json|md)$/.test(entry.name) && entry.name !== 'package-lock.json') {
        found.push({ path, text: readFileSync(`${root}${path}`, 'utf8') })
      }
    }
  }
  walk('')
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

export const isThere = (path: string): boolean => existsSync(`${root}${path}`)

export const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length

/** What a module imports or re-exports, types too: a type is a dependency of the reader. */
export function importsOf(file: SourceFile): { readonly specifier: string; readonly line: number }[] {
  const pattern =
    /(?:^|[\s;}])(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gm
  return [...withoutComments(file.text).matchAll(pattern)].map((match) => ({
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    line: lineOf(file.text, match.index + match[0].length),
  }))
}

/** Comments blanked, so that lines and columns stay what they are. Good enough for files that Biome has formatted. */
export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '))
