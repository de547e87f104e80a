/** One ```ts block of a page. */
export interface Snippet {
  /** The page, from the repository's root. */
  readonly page: string
  /** Line of the block's first line of code, so that `page:line` leads there. */
  readonly line: number
  /** Words behind `ts`: `run`, `forever`, `postgres`. A block that is `quoted` is no snippet. */
  readonly flags: readonly string[]
  readonly code: string
  /** Where it is written: a section of a page is a folder, so that its blocks may import each other. */
  readonly folder: string
  readonly file: string
  /** What the ```text block right behind it says a run prints; null: there is none. */
  readonly output: string | null
}

/** `postgres`: it runs with a database of its own, POSTGRES_URL. `quoted`: a script copied it from a source, which is compiled where it stands. */
const KNOWN_FLAGS = new Set(['run', 'forever', 'postgres', 'quoted'])

interface Block {
  readonly line: number
  readonly info: string
  readonly code: string
  readonly section: number
  /** Nothing but blank lines stands between it and the block before. */
  readonly isRightBehind: boolean
}

/**
 * A block's first line may name its file (`// definitions.ts`); others of the section, and of later sections of the page, import it by that
 * name. A named file that a later section names again is another one from there on.
 */
export function snippetsOf(page: string, text: string): Snippet[] {
  const blocks = blocksOf(text)
  const taken = new Set<string>()
  return blocks.flatMap((block, index) => {
    const [language = '', ...flags] = block.info.split(/\s+/)
    if (!/^(ts|typescript|mts|cts|tsx)$/.test(language)) return []
    const at = `${page}:${block.line}`
    for (const flag of flags) {
      if (!KNOWN_FLAGS.has(flag))
        throw new Error(`${at}: unknown flag “${flag}” behind \`\`\`ts; there are: ${[...KNOWN_FLAGS].join(', ')}`)
    }
    if (flags.includes('quoted')) return []
    const named = /^\/\/ ([\w./-]+\.ts)\b/.exec(block.code)?.[1]
    const folder = `${page.replace(/[^\w]+/g, '-')}/${String(block.section).padStart(2, '0')}`
    const file = named ?? `line-${block.line}.ts`
    if (taken.has(`${folder}/${file}`)) throw new Error(`${at}: a second block named ${file} in one section`)
    taken.add(`${folder}/${file}`)
    const next = blocks[index + 1]
    const output = next?.isRightBehind && next.info === 'text' ? next.code : null
    if (flags.includes('forever') && output === null)
      throw new Error(`${at}: \`forever\` needs a \`\`\`text block to wait for`)
    return [{ page, line: block.line, flags, code: block.code, folder, file, output }]
  })
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let section = 0
  let isRightBehind = false
  let open: { fence: string; indent: number; info: string; line: number; code: string[] } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const [, indent = '', fence = '', info = ''] = /^(\s*)(`{3,})\s*(.*?)\s*$/.exec(line) ?? []
    if (open) {
      if (fence.length >= open.fence.length && info === '') {
        blocks.push({ line: open.line, info: open.info, code: open.code.join('\n'), section, isRightBehind })
        isRightBehind = true
        open = null
      } else open.code.push(line.slice(Math.min(open.indent, line.search(/\S|$/))))
    } else if (fence !== '') open = { fence, indent: indent.length, info, line: index + 2, code: [] }
    else if (line.trim() !== '') {
      isRightBehind = false
      if (/^#{1,6} /.test(line)) section += 1
    }
  }
  if (open) throw new Error(`the block that begins at line ${open.line - 1} has no end`)
  return blocks
}

/** All files to write: each section's own, and beside them the named ones that earlier sections of the page have made. */
export function filesOf(snippets: readonly Snippet[]): Map<string, string> {
  const files = new Map<string, string>()
  for (const folder of new Set(snippets.map((snippet) => snippet.folder))) {
    const page = folder.split('/')[0]
    for (const { folder: theirs, file, code } of snippets) {
      if (theirs.split('/')[0] !== page || theirs > folder) continue
      if (theirs === folder || !file.startsWith('line-')) files.set(`${folder}/${file}`, `${code}\nexport {}\n`)
    }
  }
  return files
}

/** Whether a run printed what the page shows. `…` stands for what no page can know: an id, a time, a duration, whole lines. */
export function isOutput(shown: string, printed: string): boolean {
  const pattern = shown
    .trim()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\s\\S]*?')
  return new RegExp(`^${pattern}$`).test(printed.replace(/[ \t]+$/gm, '').trim())
}
