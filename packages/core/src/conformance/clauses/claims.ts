/** Who gets which job, and in which order. */
import type { ClauseGroup } from './clause.js'

const claiming: ClauseGroup = {
  title: 'Claims',
  clauses: [
    {
      id: 'CLAIM-1',
      promise: 5,
      says: 'A claim takes jobs that are `queued`, with `runAt` <= now, in a queue that is not paused, of the queue and types (or the ids) that an entry asks for, and no others. Without `types` it takes any, with an empty list none. A lease that is over is not handed out.',
      why: 'A worker is given only what it can and may run.',
      look: 'the condition of the claim, by queue and by ids: both need state, due time and pause; names compare by their bytes, `Default` is another queue.',
    },
    {
      id: 'CLAIM-2',
      promise: 2,
      says: 'No job is taken twice: concurrent claims, from any handle and process, take disjoint sets; a job that one claim names twice is taken once.',
      why: 'It is the reason for the whole library.',
      look: 'what stands between finding a job and taking it: the update must ask again whether it is still queued, under the lock, in the script or in the filter; of a list found first, only what the update really changed is answered.',
    },
    {
      id: 'CLAIM-3',
      promise: 5,
      says: 'A claim takes at most `limit` jobs for an entry and `max` in all, whatever the plan of the engine or the number of entries.',
      why: 'A worker with three free slots cannot run five jobs.',
      look: 'where the limit stands: `FOR UPDATE SKIP LOCKED` in an IN-subquery has taken more (make it a MATERIALIZED CTE); one limit per type adds up; an entry may take only what earlier ones left of `max`.',
    },
    {
      id: 'CLAIM-4',
      promise: 2,
      says: 'Each job is taken as the rule `take` of the kit writes it: state `to`, version and attempt one more, token, fence, worker and `now + leaseMs` in its lease. It is returned whole, bodies included, as it is then.',
      why: 'The worker starts without another read, under the lease that is in force.',
      look: 'the record that is answered: it must be the row after the update, with payload, checkpoint and log of earlier attempts; `startedAt` is null when claimed into `leased`.',
    },
    {
      id: 'CLAIM-5',
      promise: 5,
      says: "Entries of a claim are served in the order given, claims of a batch in theirs, each under its own token and worker. An entry of ids is answered in the order asked, a queue's in claim order.",
      why: 'Core rotates the entries, so that no lane starves; it can because their order is kept.',
      look: 'the order of the answer: rows of an UPDATE … RETURNING, of an IN list or of a bulk read come in any order and have to be sorted; claims of a batch that were merged into one statement have to be dealt out again.',
    },
    {
      id: 'CLAIM-6',
      promise: 5,
      says: '`nextDueInMs` is 0 when more may be due now (a bound was reached, or jobs were passed over because others wrote them), else the time to the earliest `runAt` among the queued jobs that the entries ask for, null when there is none. Under contention it may be early; it is never late.',
      why: "Workers' timers stand on it: late is a job that waits for nothing.",
      look: 'where it is computed: over all entries, types and ids, without regard to priority, after the taking; 0 wherever the search ended at a bound.',
    },
    {
      id: 'CLAIM-7',
      promise: 5,
      says: 'The cost of a claim does not grow with jobs that are not due, of other types, of other queues, or finished.',
      why: 'A million jobs for next week, or of a type that nobody runs here, must not slow the next one down.',
      look: 'the plan: an index (queue, type, priority, runAt, id) of queued jobs alone, walked priority by priority with `runAt <= now` in each; a filter behind an index walks the crowd, and so does a move of due jobs from a second set.',
    },
  ],
}

const order: ClauseGroup = {
  title: 'Order',
  clauses: [
    {
      id: 'ORDER-1',
      promise: 5,
      says: 'A claim that runs alone takes, for each entry of a queue, the first due jobs by priority (higher first), then `runAt` (earlier first), then id (by its bytes), over all types of the entry together.',
      why: 'Who is served next must not depend on the store.',
      look: 'the sort: all types merged into one order, ids by bytes (`COLLATE "C"`, binary), a score that is exact as a double; and whether jobs that fell due late but stand higher are seen at once.',
    },
    {
      id: 'ORDER-2',
      promise: 5,
      says: 'A claim returns the jobs of such an entry in that order.',
      why: 'A worker with several slots begins with the first.',
      look: 'what sorts the answer after the update: RETURNING, HMGET and `find` keep no order of their own.',
    },
    {
      id: 'ORDER-3',
      promise: 5,
      says: 'A job that is put back without `run` keeps its `runAt`, hence its place in line; with `run` it is as that says.',
      why: 'A deploy that releases its jobs must not send them behind all their peers.',
      look: 'what a change to `queued` writes: `runAt` only where the patch has `run`; a list that is pushed to its end forgets the place.',
    },
    {
      id: 'ORDER-4',
      promise: 5,
      says: 'Under contention a claim may pass over only those jobs that another call is writing at that moment.',
      why: 'Passing over others is what makes a queue unfair exactly when it is full.',
      look: 'how much a neighbour locks: rows that it locked and does not take (types merged under lock, a window larger than the limit) are passed over for nothing.',
    },
  ],
}

export const claims: readonly ClauseGroup[] = [claiming, order]
