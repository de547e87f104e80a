/** A failure as people read it. */

import { START } from '../stage/movable-clock.js'
import type { Failure } from './failure.js'

/** Whole values are told up to so many lines; longer ones differ in places that are told. */
const WHOLE = 12

/** The failure as people read it. */
export function textOf(failure: Failure): string {
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `${title}:`, ...indented(lines)]
  return [
    failure.message,
    ...comparisonOf(failure),
    ...(failure.isThrown ? part('thrown', stackOf(failure)) : part('asked for by', failure.asked)),
    ...failure.clauses.flatMap(({ id, says, promise, look }) => [
      '',
      `${id}: ${says}`,
      `  breaks the README's promise ${promise}`,
      ...(look === '' ? [] : [`  look at: ${look}`]),
    ]),
    ...part('the jobs it was about, as the store shows them now', failure.records),
    ...part('the last calls of the handles A, B … (▸ begins, ◂ ends, where others came between)', failure.interleaving),
    ...(failure.records.length + failure.interleaving.length > 0
      ? ['', `T is ${START}, where the clock of a case begins.`]
      : []),
  ].join('\n')
}

const indented = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => line.split('\n').map((one) => `  ${one}`))

function comparisonOf({ message, expected, got, differences }: Failure): string[] {
  if (expected === null || got === null || message.startsWith('expected ')) return []
  const places = differences.length === 1 && message === differences[0] ? [] : differences
  const whole = [`expected ${expected}`, `got      ${got}`]
  const isLong = whole.some((text) => text.split('\n').length > WHOLE)
  return indented(isLong ? places : [...places, ...whole])
}

/** The frames of the store: those of Node say nothing about it. */
const stackOf = ({ stack }: Failure): string[] =>
  (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('node:internal'))
    .slice(0, 6)
    .map((line) => line.trim())
