/**
 * Names of cases that a loop made, told on one line: those that differ in one part alone (`subject › circumstance › what holds`) are one name
 * in which that part lists them. Circumstances first, then subjects; what holds is never folded, since two facts are two.
 */
const PARTED = ' › '

type Parts = readonly string[]

export function folded(names: readonly string[]): string[] {
  let all: readonly Parts[] = names.map((name) => name.split(PARTED))
  const most = Math.max(0, ...all.map(({ length }) => length - 2))
  for (let part = most; part >= 0; part--) all = foldedBy(part, all)
  return all.map((parts) => parts.join(PARTED))
}

/** Each stands where the first of its family stood. */
function foldedBy(part: number, all: readonly Parts[]): Parts[] {
  const others = (parts: Parts): string =>
    JSON.stringify(part < parts.length - 1 ? parts.map((text, n) => (n === part ? null : text)) : parts)
  return [...Map.groupBy(all, others).values()].map((members) => {
    const [first = []] = members
    return members.length === 1 ? first : first.with(part, listed(members.map((parts) => parts[part] ?? '')))
  })
}

/** `of a key that a waiting job holds`, `of a key that a queued job holds` → `of a key that a waiting or queued job holds`. */
function listed(texts: readonly string[]): string {
  const words = texts.map((text) => text.split(' '))
  const before = common(words)
  const rests = words.map((those) => those.slice(before.length))
  const after = common(rests.map((those) => those.toReversed())).toReversed()
  const own = rests.map((those) =>
    those
      .slice(0, those.length - after.length)
      .join(' ')
      .replace(/,$/, ''),
  )
  return [...before, `${own.slice(0, -1).join(', ')} or ${own.at(-1)}`, ...after].join(' ')
}

/** The words that all begin with; never all the words of one. */
function common(all: readonly Parts[]): string[] {
  const [first = []] = all
  const shortest = Math.min(...all.map(({ length }) => length))
  let count = 0
  while (count < shortest - 1 && all.every((words) => words[count] === first[count])) count++
  return first.slice(0, count)
}
