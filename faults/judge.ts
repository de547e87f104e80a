/** What must hold behind every scenario. The store is judged by the suite's own `checkInvariants`; here is added what only the processes know. */
import type { Store } from '@stint/core'
import { checkInvariants, type RunOfJob } from '@stint/core/conformance'
import { type Note, readJournal } from './journal.ts'
import { tooClose } from './log-rate.ts'
import type { Scene, SceneWorker } from './scene.ts'

export interface Verdict {
  readonly problems: readonly string[]
  readonly counts: {
    readonly acknowledged: number
    /** Enqueues that were never acknowledged: nobody knows, or surely not written. */
    readonly unknown: number
    readonly refused: number
    readonly begun: number
    readonly accepted: number
    /** Runs that ended and whose success was not accepted, since their lease was lost. */
    readonly late: number
    readonly expired: number
    readonly lines: number
  }
}

type RunNote = Extract<Note, { fence: number }>

const isRun = (note: Note, what: RunNote['what']): note is RunNote => note.what === what
const runsOf = (notes: readonly Note[], what: RunNote['what']): RunOfJob[] =>
  notes.flatMap((note) => (isRun(note, what) ? [{ jobId: note.id, fence: note.fence }] : []))
const named = ({ jobId, fence }: RunOfJob): string => `${jobId} ${fence}`

export async function judge(scene: Scene): Promise<Verdict> {
  const { store } = scene
  const problems = [...scene.problems]
  const members = [...scene.workers, ...(scene.producer ? [scene.producer] : [])]
  const notesOf = new Map(members.map((member) => [member, readJournal(member.journal)]))
  const notes = [...notesOf.values()].flat()
  const idsOf = (what: 'acknowledged' | 'refused' | 'unknown'): Set<string> =>
    new Set(notes.flatMap((note) => (note.what === what ? [note.id] : [])))
  const acknowledged = idsOf('acknowledged')
  const [begun, succeeded] = [runsOf(notes, 'begun'), runsOf(notes, 'accepted')]
  try {
    await checkInvariants(store, { acknowledged, refused: idsOf('refused'), begun, succeeded })
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  }

  const ended = new Set(runsOf(notes, 'ended').map(named))
  const trail = await trailOf(store)
  for (const run of trail.succeeded)
    if (!ended.has(named(run)))
      problems.push(`${run.jobId} has succeeded under the fence ${run.fence}, and no handler came to its end under it`)
  for (const note of notes) if (note.what === 'unexpected') problems.push(note.text)
  let lines = 0
  for (const [member, own] of notesOf) lines += checkLog(member, own, problems)
  const accepted = new Set(succeeded.map(named))
  const told = new Set(trail.succeeded.map(named))
  return {
    problems: firstOfEach(problems),
    counts: {
      acknowledged: acknowledged.size,
      unknown: [...idsOf('unknown')].filter((id) => !acknowledged.has(id)).length,
      refused: idsOf('refused').size,
      begun: begun.length,
      accepted: accepted.size,
      late: [...ended].filter((run) => !accepted.has(run) && !told.has(run)).length,
      expired: trail.expired,
      lines,
    },
  }
}

/** Answers how many lines the process wrote. */
function checkLog({ process }: SceneWorker, notes: readonly Note[], problems: string[]): number {
  if (process.endedByItself !== null) problems.push(`${process.name} ended by itself (${process.endedByItself})`)
  const logged = notes.flatMap((note) => (note.what === 'log' ? [{ at: note.at, text: note.text }] : []))
  const all = [...logged, ...process.printed]
  const close = tooClose(all)
  if (close)
    problems.push(
      `${process.name} wrote ${all.length} lines, two of them ${Math.round(close[1].at - close[0].at)} ms apart, one a second is allowed: "${close[0].text}", "${close[1].text}"`,
    )
  return all.length
}

async function trailOf(store: Store): Promise<{ succeeded: RunOfJob[]; expired: number }> {
  const succeeded: RunOfJob[] = []
  let expired = 0
  let after = 'start'
  for (;;) {
    const page = await store.feed({ after, limit: 1000 })
    for (const { type, jobId, fence } of page.events) {
      if (type === 'succeeded') succeeded.push({ jobId, fence: fence ?? 0 })
      else if (type === 'lease_expired') expired++
    }
    after = page.cursor
    if (page.caughtUp) return { succeeded, expired }
  }
}

/** A defect shows in hundreds of jobs: some are enough. */
const MOST_TOLD = 8
const firstOfEach = (problems: readonly string[]): string[] =>
  problems.length <= MOST_TOLD
    ? [...problems]
    : [...problems.slice(0, MOST_TOLD), `… and ${problems.length - MOST_TOLD} more`]
