/** One write: whole or not at all, judged at the moment that it is written, under the token that is in force. */
import type { ClauseGroup } from './clause.js'

const atomic: ClauseGroup = {
  title: 'Atomic',
  clauses: [
    {
      id: 'ATOM-1',
      promise: 3,
      says: 'A record and its event are written in one step: after a failure at any point both are there or neither is.',
      why: 'A job that moved without an event cannot be explained; an event without its move is a lie.',
      look: 'where the event is written: it belongs in the transaction, the script or the document that writes the record, never into a second call after it.',
    },
    {
      id: 'ATOM-2',
      promise: 3,
      says: 'A refused item changes nothing: record, `updatedAt`, events, counts, feed and keys are equal before and after. So does an insert that is answered with a job that was there.',
      why: 'A refusal is an answer, not a trace.',
      look: 'what is written before the guard has been judged: counters, `updatedAt`, a lease end, an upsert that touches the row it met.',
    },
    {
      id: 'ATOM-3',
      promise: 3,
      says: "A job's events are numbered 1, 2, 3 … without gap or repeat, and the record's `version` is the number of the last one. Only a beat writes without an event, and leaves `version` as it is.",
      why: 'A reader of the trail must see that nothing is missing.',
      look: 'where the number comes from: it is the version of the row that is being written, plus one; MAX(seq) or a count gives one number to two writers.',
    },
    {
      id: 'ATOM-4',
      promise: 3,
      says: "An event's `from` and `to` are the states that were truly left and entered; `attempt`, `fence` and `workerId` are those of the lease in force before the step, else of the one that it made; `at` is the record's new `updatedAt`, `queue` its queue. All are read in the step that writes.",
      why: 'A guard over several states does not know which of them it met; whoever reads the trail must.',
      look: "where the event's fields come from: the row as it was at the write (SQL: a locked read or the values before the update; Redis: the hash that the script read; Mongo: the pipeline's own fields), not the guard and not an earlier read.",
    },
    {
      id: 'ATOM-5',
      promise: 5,
      says: 'With `atomicBatches` an exchange is applied wholly or not at all; without it item by item, a claim job by job. Nobody ever sees half an item, or half a job.',
      why: 'It is declared, so that nobody builds on more than is there.',
      look: 'what follows the first item of a batch: an error after it must undo it, or `atomicBatches` is false and the call rejects with OUTCOME_UNKNOWN.',
    },
  ],
}

const guards: ClauseGroup = {
  title: 'Guards',
  clauses: [
    {
      id: 'GUARD-1',
      promise: 2,
      says: 'A change or beat is applied exactly when every part of its guard holds on the record at the moment of the write. Judging and writing are one step.',
      why: 'To read, judge and then write is the classic lost update: two workers complete one job.',
      look: 'where the guard is judged: inside the transaction that holds the write lock, in the WHERE of the UPDATE, in the script, in the filter of the update; and whether all four parts are (token, states, version, lease over).',
    },
    {
      id: 'GUARD-2',
      promise: 4,
      says: 'The record in a refusal `guard` fails that guard. A store that reads back a record on which the guard holds tries again.',
      why: 'Core tells from this record why it was refused, and whether an earlier try of its own was it. A cancel that is told "missing" or "refused" while a claim moves the job would be lost.',
      look: 'how a refusal gets its record: a job that moves between two tables or keys is for a moment in neither; a read after the write may already see the next state.',
    },
    {
      id: 'GUARD-3',
      promise: 2,
      says: 'Changes of one job are serial: each is judged on the result of the one before.',
      why: 'Of a cancel and a settle exactly one wins, and the loser sees who.',
      look: "what keeps two writers of one job apart: a row lock, the engine's single writer, a script; a snapshot taken before the other committed judges on the past.",
    },
    {
      id: 'GUARD-4',
      promise: 5,
      says: 'A change or beat of an unknown id is refused as `missing`, alone: its neighbours are served.',
      why: "Strangers' calls travel in one batch.",
      look: 'how a missing row is told: an exception there undoes the batch, and a result list without a place for it shifts the answers of its neighbours.',
    },
  ],
}

const fences: ClauseGroup = {
  title: 'Leases and fences',
  clauses: [
    {
      id: 'FENCE-1',
      promise: 2,
      says: 'Under any token but that of the lease in force nothing changes, neither by a change nor by a beat.',
      why: 'The progress of a stale worker is a lie too.',
      look: 'every statement that takes a token, the beat above all: it compares with the token of the lease in force, not with the state, the worker or a token that was kept after its lease.',
    },
    {
      id: 'FENCE-2',
      promise: 2,
      says: '`lease.fence` is the version that the claim wrote, so it exceeds every earlier one of the job; a change that keeps the lease keeps it.',
      why: 'Other systems refuse the lower of two fences.',
      look: 'what the claim writes as fence: version + 1 of the row it takes, in the same statement; not `attempt`, which goes back at a release.',
    },
    {
      id: 'FENCE-3',
      promise: 2,
      says: 'A change to a state other than `leased` or `running` ends the lease in the same step: `lease` is null, and its token is dead from then on.',
      why: 'Cancel, expire and settle all rest on it.',
      look: 'whether each way out of `leased` and `running` clears token, fence, worker and end, and takes the job out of the index of leases.',
    },
    {
      id: 'FENCE-4',
      promise: 5,
      says: "A lease whose time is over is still its holder's until a change ends it: beat, start and settle under its token are accepted whatever the clock says.",
      why: 'No clock refuses honest work; who takes it over says so by a change.',
      look: 'conditions on the lease end where a token is judged (there must be none), and keys or documents that the engine lets expire by itself.',
    },
    {
      id: 'FENCE-5',
      promise: 2,
      says: 'Tokens stand in `JobRecord.lease` and nowhere else: not in events, feed, hints, settings or errors.',
      why: 'Many may read who may not settle.',
      look: 'what else the row goes into: the event, the message of an error with its parameters, the payload of a notification.',
    },
  ],
}

export const writes: readonly ClauseGroup[] = [atomic, guards, fences]
