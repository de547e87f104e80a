import { closeSync, openSync, writeFileSync } from 'node:fs'
import { jsonText } from '../report/json.js'
import { junitText } from '../report/junit.js'
import type { Stray } from '../report/stray.js'
import type { ConformanceReport } from '../suite.js'
import type { Arguments } from './arguments.js'
import { Misuse } from './misuse.js'

/** The reports that are written to files. They are emptied before the run: what cannot be written is known at once, and no older report is taken for this one. */
export class Files {
  readonly #json: string | null
  readonly #junit: string | null

  constructor({ json, junit }: Pick<Arguments, 'json' | 'junit'>) {
    this.#json = emptied('--json', json)
    this.#junit = emptied('--junit', junit)
  }

  get areWanted(): boolean {
    return this.#json !== null || this.#junit !== null
  }

  write(report: ConformanceReport, ms: number, strays: readonly Stray[]): void {
    if (this.#json !== null) writeFileSync(this.#json, jsonText(report, ms, strays))
    if (this.#junit !== null) writeFileSync(this.#junit, junitText(report, ms, strays))
  }
}

function emptied(option: string, file: string | null): string | null {
  if (file === null) return null
  try {
    closeSync(openSync(file, 'w'))
    return file
  } catch (error) {
    throw new Misuse(`${option}: ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}
