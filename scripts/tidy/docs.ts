import { dirname, join } from 'node:path/posix'
import { isThere, lineOf, type Problem, type SourceFile } from './files.ts'

/** A user who meets a code finds it explained, and nothing is explained that cannot be met. */
export function errorCodes(files: readonly SourceFile[]): Problem[] {
  const table = files.find(({ path }) => path === 'packages/core/src/errors.ts')?.text ?? ''
  const page = files.find(({ path }) => path === 'docs/errors.md')?.text
  const body = /interface StintErrorDetails \{([\s\S]*?)\n\}/.exec(table)?.[1] ?? ''
  const codes = new Set([...body.matchAll(/^ {2}([A-Z_]+): /gm)].map((match) => match[1] as string))
  if (codes.size === 0)
    return [
      {
        at: 'packages/core/src/errors.ts',
        message: 'no codes were found in StintErrorDetails: has the table moved? Then scripts/tidy/docs.ts must know',
      },
    ]
  if (page === undefined)
    return [
      {
        at: 'docs/errors.md',
        message: 'is not there: every code is explained in it, under a heading that begins with the code',
      },
    ]
  const headings = new Set([...page.matchAll(/^#{2,4} +`?([A-Z][A-Z_]+)`?/gm)].map((match) => match[1] as string))
  return [
    ...[...codes]
      .filter((code) => !headings.has(code))
      .map((code) => ({
        at: 'docs/errors.md',
        message: `has no heading for ${code}: a user who meets a code must find what to do`,
      })),
    ...[...headings]
      .filter((code) => !codes.has(code))
      .map((code) => ({
        at: 'docs/errors.md',
        message: `explains ${code}, which is not in packages/core/src/errors.ts`,
      })),
  ]
}

/** Links between our own pages: to a file that is there, and to a heading that it has. */
export function docLinks(files: readonly SourceFile[]): Problem[] {
  const pages = files.filter(({ path }) => path.endsWith('.md') && !path.startsWith('.changeset/'))
  return pages.flatMap((page) =>
    [...withoutCode(page.text).matchAll(/\[[^\]]*\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|^\[[^\]]+\]: +(\S+)/gm)].flatMap(
      (match) => {
        const target = match[1] ?? match[2] ?? ''
        if (/^[a-z]+:/i.test(target)) return []
        const [file = '', heading] = target.split('#')
        const path = file === '' ? page.path : join(dirname(page.path), decodeURI(file))
        const at = `${page.path}:${lineOf(page.text, match.index)}`
        const there = pages.find((other) => other.path === path)
        if (!there && !isThere(path)) return [{ at, message: `links to ${target}, which is not there` }]
        if (!heading || !there || anchorsOf(there.text).has(heading)) return []
        return [{ at, message: `links to ${target}, a heading that ${path} does not have` }]
      },
    ),
  )
}

function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>()
  const anchors = new Set([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map((match) => match[1] as string))
  for (const [, title = ''] of withoutCode(text, false).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = title
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    anchors.add(times === 0 ? slug : `${slug}-${times}`)
  }
  return anchors
}

const withoutCode = (text: string, inlineToo = true): string => {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ')
  const blocksGone = text.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, blank)
  return inlineToo ? blocksGone.replace(/`[^`\n]*`/g, blank) : blocksGone
}

/** Decisions are numbered 0001, 0002, … without a gap, each headed by its number, so that a number names one decision for ever. */
export function adrNumbers(files: readonly SourceFile[]): Problem[] {
  const records = files.filter(({ path }) => /^docs\/adr\/(?!README\.md|template)/.test(path) && path.endsWith('.md'))
  return records.flatMap(({ path, text }, index) => {
    const expected = String(index + 1).padStart(4, '0')
    const name = path.slice('docs/adr/'.length)
    if (!/^\d{4}-[a-z0-9-]+\.md$/.test(name)) return [{ at: path, message: 'is not named NNNN-what-was-decided.md' }]
    if (!name.startsWith(expected))
      return [{ at: path, message: `should be number ${expected}: decisions are numbered in a row, each number once` }]
    const title = /^# +(.*)/.exec(text)?.[1] ?? ''
    return new RegExp(`^(ADR )?0*${index + 1}\\b`).test(title)
      ? []
      : [{ at: path, message: `its heading should begin with the number, “# ${index + 1}. …”; it says “${title}”` }]
  })
}
