/** The list, beginning with another of its items each time: so that with few places none is always last. */
export function inTurn<T>(list: readonly T[], turn: number): readonly T[] {
  const first = turn % list.length
  return [...list.slice(first), ...list.slice(0, first)]
}
