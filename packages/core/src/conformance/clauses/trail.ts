/** The audit trail of a job, and the feed over all of them. */
import type { ClauseGroup } from './clause.js'

const events: ClauseGroup = {
  title: 'Events',
  clauses: [
    {
      id: 'EVENT-1',
      promise: 3,
      says: 'No call changes or removes an event but the removal of its job.',
      why: 'A trail that can be mended proves nothing.',
      look: 'statements that write to the events: one insert, and one delete inside `remove`; in SQL a trigger can refuse the rest.',
    },
    {
      id: 'EVENT-2',
      promise: 3,
      says: '`events` answers in the order of `seq`, from the one after `afterSeq`, at most `limit` of them; an event reads the same for ever, byte for byte.',
      why: 'Seals over the trail are computed from it later.',
      look: 'the sort (seq as a number, not as text), and what an event is rebuilt from: its own stored fields, never the record of today.',
    },
    {
      id: 'EVENT-3',
      promise: 3,
      says: 'An event of an acknowledged write is readable by the next call, of any handle.',
      why: 'Who was told "done" looks at once.',
      look: 'what lies between the write and `events`: an outbox that is copied later has to be read as well.',
    },
    {
      id: 'EVENT-4',
      promise: 3,
      says: 'At least 10,000 events of one job are kept and paged.',
      why: 'A job that polls every few minutes for a month has them; core ends it before it has more.',
      look: 'limits of one row, hash, list or document that the events of a job share (16 MiB of a document; arguments of one command).',
    },
  ],
}

const feed: ClauseGroup = {
  title: 'Feed',
  clauses: [
    {
      id: 'FEED-1',
      promise: 3,
      says: 'Following the cursors from `start` meets every event of the jobs that are there exactly once, as `events` tells it, in whatever order transactions begin and commit.',
      why: 'Whoever mirrors the feed must miss nothing.',
      look: 'how a position is given: a sequence is drawn before the commit, so a reader passes 8 while 7 is still open; read only below what is surely committed, or give positions at the commit, by one writer.',
    },
    {
      id: 'FEED-2',
      promise: 3,
      says: 'Events of one job come in the order of their `seq`. Between jobs the order is one that is fixed once read and near to the time; nothing more.',
      why: 'A reader that applies them in turn must end where the job is.',
      look: "the key of the feed: within a job it has to grow with `seq`, whichever transaction wrote which event; a transaction's number alone does not.",
    },
    {
      id: 'FEED-3',
      promise: 3,
      says: 'Positions are never used twice, also after the last events were removed and the store was reopened.',
      why: 'A cursor that stands at a removed event would skip what comes next.',
      look: 'where the next position comes from: AUTOINCREMENT or a stored counter, not MAX(position) + 1 nor the length of a list.',
    },
    {
      id: 'FEED-4',
      promise: 3,
      says: '`caughtUp` says that every event acknowledged before the call has been delivered by this chain of cursors. Without open transactions it becomes true.',
      why: 'A mirror says "up to date" by it, and a poller sleeps by it.',
      look: 'what it compares: the cursor with the end as it was when the page was read; a short page alone proves nothing where a horizon holds events back.',
    },
    {
      id: 'FEED-5',
      promise: 3,
      says: "Cursors hold across handles, restarts and removals. An event's cursor is the place just behind it; `end` answers with no events and the cursor behind the last.",
      why: 'A mirror goes on where it was.',
      look: 'what a cursor is made of: a position in the data, not one in the memory of a process, nor the existence of an event.',
    },
  ],
}

export const trail: readonly ClauseGroup[] = [events, feed]
