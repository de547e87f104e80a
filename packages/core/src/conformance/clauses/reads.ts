/** Reading: what is seen, in which order it is walked, and what counting may cost. */
import type { ClauseGroup } from './clause.js'

const reading: ClauseGroup = {
  title: 'Reading',
  clauses: [
    {
      id: 'READ-1',
      promise: 1,
      says: 'A read that begins after a write was acknowledged sees it, on any handle over the same data.',
      why: 'An acknowledged job that cannot be found is lost to whoever looks.',
      look: 'where reads go: not to a replica, nor into an old snapshot, nor into a cache of the handle.',
    },
    {
      id: 'READ-2',
      promise: 5,
      says: '`get` answers in the order asked, null for an unknown id or key; an id that is asked for twice is answered twice. What a caller does to an object that it sent or was given reaches nobody.',
      why: 'Two callers must not share one object, and answers must fit their questions.',
      look: 'the copies: of what comes in before it is kept, and of what goes out; arrays such as `tags` too. Rows of an IN list come in any order.',
    },
    {
      id: 'READ-3',
      promise: 5,
      says: 'A text that is no cursor of this store, or is the cursor of another walk, is refused with `CURSOR_INVALID`, by `list` and by `feed`.',
      why: 'Taken for another place, it would skip jobs or events without a word.',
      look: 'how a cursor is read: by a strict pattern that names its walk, not by a lenient parse that makes 0 or NaN of it; and whether a cast in the engine fails with an error of its own.',
    },
  ],
}

const lists: ClauseGroup = {
  title: 'Lists',
  clauses: [
    {
      id: 'LIST-1',
      promise: 5,
      says: 'Walk `id` gives every job by the bytes of its id; `claim` the queued jobs of a queue in claim order; `lease` the jobs with a lease by its end, then id; `finished` those of one terminal state by `finishedAt`, then id. `desc` is exactly the reverse. Filters hold exactly; `…From` is inclusive, `…To` is not.',
      why: 'Operators, the sweep and the purge walk them on every store alike.',
      look: 'the ORDER BY with id as its last part, under a binary collation; and each filter on each walk, the tag above all (whole words, no LIKE).',
    },
    {
      id: 'LIST-2',
      promise: 5,
      says: 'A job that matches and keeps its place from the first page to the last is listed exactly once, whatever happens to others; also when the job at which a cursor stands is gone.',
      why: 'A purge or an export that pages must miss nothing.',
      look: 'how a page goes on: behind the sort key that the cursor carries, id included; not by an offset, nor from the row of the last job.',
    },
    {
      id: 'LIST-3',
      promise: 5,
      says: 'A call of `list` examines at most 10 × `limit` + 1,000 records and may answer short. A null `cursor`, and only that, ends the walk.',
      why: 'So no filter needs an index of its own, and none can hang the store.',
      look: 'the loop or LIMIT behind a filter: the bound is on records examined, and a page that stopped at it has a cursor, though it may have no jobs.',
    },
    {
      id: 'LIST-4',
      promise: 1,
      says: 'Walk `lease` with `overOnly` never hides a job behind others whose leases stay over: paged, it reaches all of them.',
      why: 'A full page of leases that nobody can end would keep the jobs behind them from ever running again.',
      look: 'whether the walk has a cursor of its own and uses it, with `overOnly` and with a filter by queue as well.',
    },
    {
      id: 'LIST-5',
      promise: 5,
      says: '`payload`, `result`, `checkpoint` and `log` are null in lists unless `bodies` is asked for; the rest of the record is whole.',
      why: 'A page of a thousand jobs must not be a gigabyte.',
      look: 'the columns or fields that the list selects: these four and no others are left out.',
    },
  ],
}

const counts: ClauseGroup = {
  title: 'Counts',
  clauses: [
    {
      id: 'COUNT-1',
      promise: 5,
      says: 'With no call under way `stats` equals a count over all records, by queue and state, also after failures, repeats, refusals and removals. What there is none of may be absent or 0.',
      why: 'A number on a dashboard is believed.',
      look: 'where counts move: in the step that writes the record, from the state that was truly left to the one entered, once; and a removal, a restore and an insert of a known id.',
    },
    {
      id: 'COUNT-2',
      promise: 5,
      says: 'The cost of `stats` does not grow with the number of jobs; what changed since the last call may count.',
      why: 'It is asked every few seconds.',
      look: 'a COUNT(*) or a scan behind `stats`: counts are kept, not counted.',
    },
  ],
}

export const reads: readonly ClauseGroup[] = [reading, lists, counts]
