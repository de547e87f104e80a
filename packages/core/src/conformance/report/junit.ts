/** The report as the XML that CI servers read: a suite for each chapter; what was not exercised stands among the skipped, with its reason. */

import { textOf } from '../failure/failure-text.js'
import type { CaseReport, ConformanceReport } from '../suite.js'
import { type Stray, strayText } from './stray.js'

export function junitText(report: ConformanceReport, ms: number, strays: readonly Stray[]): string {
  const chapters = Map.groupBy(report.cases, ({ chapter }) => chapter)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: report.store, ...totals(report.cases), errors: strays.length, time: seconds(ms) })}>`,
    ...[...chapters].flatMap(([chapter, cases]) => suite(report.store, chapter, cases)),
    ...(strays.length === 0 ? [] : strayed(report.store, strays)),
    '</testsuites>',
    '',
  ].join('\n')
}

const suite = (store: string, chapter: string, cases: readonly CaseReport[]): string[] => [
  `  <testsuite${attributes({ name: chapter, ...totals(cases), time: seconds(cases.reduce((sum, { ms }) => sum + ms, 0)) })}>`,
  ...cases.flatMap((one) => testcase(store, one)),
  '  </testsuite>',
]

function testcase(store: string, { chapter, name, outcome, reason, failure, ms }: CaseReport): string[] {
  const opening = `    <testcase${attributes({ classname: `${store}.${chapter}`, name, time: seconds(ms) })}`
  if (outcome === 'passed') return [`${opening}/>`]
  const inner =
    outcome === 'failed'
      ? `<failure${attributes({ message: reason ?? '', type: 'failed' })}>${escaped(failure ? textOf(failure) : '')}</failure>`
      : `<skipped${attributes({ message: outcome === 'skipped' ? (reason ?? '') : `not exercised: ${reason ?? ''}` })}/>`
  return [`${opening}>`, `      ${inner}`, '    </testcase>']
}

/** They belong to no case for sure, so they have a suite of their own. */
const strayed = (store: string, strays: readonly Stray[]): string[] => [
  `  <testsuite${attributes({ name: 'outside every call', tests: strays.length, failures: 0, errors: strays.length, skipped: 0, time: '0' })}>`,
  ...strays.map(
    (stray, n) =>
      `    <testcase${attributes({ classname: `${store}.outside every call`, name: `error ${n + 1}`, time: '0' })}><error${attributes({ message: strayText(stray).split('\n')[0] ?? '' })}>${escaped(strayText(stray))}</error></testcase>`,
  ),
  '  </testsuite>',
]

function totals(cases: readonly CaseReport[]): Record<string, number> {
  const number = (...of: readonly string[]): number => cases.filter(({ outcome }) => of.includes(outcome)).length
  return { tests: cases.length, failures: number('failed'), errors: 0, skipped: number('skipped', 'not exercised') }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3)

const attributes = (of: Readonly<Record<string, string | number>>): string =>
  Object.entries(of)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replace(/\n/g, '&#10;').replace(/\t/g, '&#9;')}"`)
    .join('')

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** XML has no way to say most control characters, nor half a pair: they are written as JavaScript would. */
const escaped = (text: string): string =>
  text
    .replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char)
    .replace(NOT_IN_XML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

const NOT_IN_XML = /(?![\t\n])[\p{Cc}\p{Cs}\ufffe\uffff]/gu
