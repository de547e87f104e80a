/** What is told while it runs: a line for each chapter as it ends, and at once each case that did not go well. */
import type { Paint } from '../report/colours.js'
import { countsText, outcomeWord } from '../report/text.js'
import type { CaseReport } from '../suite.js'
import type { Arguments } from './arguments.js'

const WIDTH = 20

export class Progress {
  readonly #out: NodeJS.WriteStream
  readonly #paint: Paint
  readonly #loudness: Arguments['loudness']
  #chapter: CaseReport[] = []
  #said = 0
  #all = 0

  constructor(out: NodeJS.WriteStream, paint: Paint, loudness: Arguments['loudness']) {
    this.#out = out
    this.#paint = paint
    this.#loudness = loudness
  }

  /** How many cases are over. */
  get said(): number {
    return this.#said
  }

  begin(store: string, cases: number): void {
    this.#all = cases
    if (this.#loudness !== 'quiet')
      this.#line(this.#paint('bold', `${store}: ${cases} ${cases === 1 ? 'case' : 'cases'}`))
  }

  heard(report: CaseReport): void {
    if (this.#chapter[0] && this.#chapter[0].chapter !== report.chapter) this.end()
    this.#chapter.push(report)
    this.#said++
    if (this.#loudness === 'quiet') return
    const isWell = report.outcome === 'passed' || report.outcome === 'skipped'
    if (this.#loudness === 'cases' || !isWell) this.#line(this.#caseLine(report))
    this.#passing(`  ${this.#said} of ${this.#all}: ${report.chapter}`)
  }

  /** The chapter is over. */
  end(): void {
    const [first] = this.#chapter
    if (!first || this.#loudness === 'quiet') return
    const number = (outcome: CaseReport['outcome']): number =>
      this.#chapter.filter((one) => one.outcome === outcome).length
    const counts = countsText({
      failed: number('failed'),
      passed: number('passed'),
      skipped: number('skipped'),
      notExercised: number('not exercised'),
    })
    const ms = this.#chapter.reduce((sum, one) => sum + one.ms, 0)
    this.#line(`  ${first.chapter.padEnd(WIDTH)} ${counts}  ${this.#paint('dim', `${(ms / 1000).toFixed(1)} s`)}`)
    this.#chapter = []
  }

  #caseLine({ name, outcome, reason, ms }: CaseReport): string {
    const told = outcome === 'passed' ? `${ms} ms` : `· ${shortened(reason ?? '')}`
    return `  ${outcomeWord(outcome, this.#paint)} ${name} ${this.#paint('dim', told)}`
  }

  #line(text: string): void {
    this.#passing('')
    this.#out.write(`${text}\n`)
  }

  /** Stands until the next line, where somebody looks at it. */
  #passing(text: string): void {
    if (this.#out.isTTY) this.#out.write(`\r\u001b[K${text}`)
  }
}

const shortened = (text: string): string => (text.length <= 160 ? text : `${text.slice(0, 160)}…`)
