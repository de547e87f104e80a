import { createHash } from 'node:crypto'
import { CONSTANTS, READING, WRITING } from '../library.js'

/** What one call runs on the server. */
export interface Script {
  readonly text: string
  readonly sha: string
  readonly isRead: boolean
}

const NAMES = new RegExp(`\\b(${Object.keys(CONSTANTS).join('|')})\\b`, 'g')

const script = (flags: string, body: string, isRead: boolean): Script => {
  const text = `#!lua${flags}\n${body.replace(NAMES, (name) => CONSTANTS[name] ?? name)}`
  return { text, sha: createHash('sha1').update(text).digest('hex'), isRead }
}

/** A full server still takes what lets it become less full, and what workers have done. */
export const writing = (...parts: readonly string[]): Script =>
  script(' flags=allow-oom', [WRITING, ...parts].join('\n'), false)
/** Refused as a whole, before it begins, by a server that is at its limit of memory. */
export const growing = (...parts: readonly string[]): Script => script('', [WRITING, ...parts].join('\n'), false)
export const reading = (...parts: readonly string[]): Script =>
  script(' flags=no-writes', [READING, ...parts].join('\n'), true)

/** What a script answers: the engine's time, the time by which it judged, what others may like to hear, and its own. */
export type Reply<T> = readonly [engineMs: string, now: string, said: string, answer: T]

/** In a script: `return answered(x)`. */
export const ANSWERED = 'local function answered(x) return { num(engine), num(now), finish(), x } end\n'
export const ANSWERED_READ = "local function answered(x) return { num(engine), num(now), '', x } end\n"
