/** The jobs that a failure is about, as the store shows them, each with its events. */
import { AssertionError } from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Store } from '../../store.js'
import { within } from '../stage/deadline.js'
import type { Stage } from '../stage/stage.js'
import { brief } from './brief.js'
import { messageIn } from './thrown.js'

/** A store that has stopped answering does not keep the rest from being told. */
const READ_MS = 1000
const RECORDS = 3

/** Those that the error is about, then those of the last writes; as far as the store still answers. */
export async function recordsOf(stage: Stage, error: unknown): Promise<string[]> {
  const store = stage.reader
  if (!store) return []
  const ids = [...new Set([...(await idsSaid(store, error)), ...stage.transcript.lastIds()])].slice(0, RECORDS)
  return Promise.all(
    ids.map((id) =>
      within(READ_MS, 'reading', recordOf(store, id), () => 'the store').catch(
        (error: unknown) => `${id}:\n  cannot be read: ${messageIn(error)}`,
      ),
    ),
  )
}

/** The words of the error that are ids of jobs which are there. */
async function idsSaid(store: Store, error: unknown): Promise<string[]> {
  if (!(error instanceof AssertionError)) return []
  const { message, expected, actual } = error
  const said = inspect([message.split('\n\n')[0], expected, actual], { depth: 6, maxArrayLength: 20 })
  const words = [...new Set(said.match(/(?<![\w.:-])[A-Za-z0-9_.:-]*\d[A-Za-z0-9_.:-]*(?<![.:])/g))].slice(0, 50)
  const jobs = await within(READ_MS, 'reading', store.get(words), () => 'the store').catch(() => [])
  return jobs.flatMap((job) => (job ? [job.id] : []))
}

async function recordOf(store: Store, id: string): Promise<string> {
  const [job] = await store.get([id])
  const events = await store.events(id, { limit: 100 })
  const trail = events.map(({ seq, type, from, to, fence }) =>
    [seq, type, `${from ?? '·'}→${to}`, fence === null ? '' : `fence ${fence}`].join(' ').trim(),
  )
  const lines = [...(job ? wrapped(job) : ['not there']), `events: ${trail.join(' · ') || 'none'}`]
  return [`${id}:`, ...lines.map((line) => `  ${line}`)].join('\n')
}

/** Its fields in lines; those that are null at the end, by their names alone. */
function wrapped(job: object): string[] {
  const fields = Object.entries(job).filter(([name]) => name !== 'id')
  const words = fields.filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${brief(value, 200)}`)
  const none = fields.filter(([, value]) => value === null).map(([name]) => name)
  const lines = ['']
  for (const word of none.length > 0 ? [...words, `null: ${none.join(' ')}`] : words) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length > 108) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line}, ${word}`
  }
  return lines
}
