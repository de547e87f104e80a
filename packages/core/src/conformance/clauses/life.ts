/** From open to close, and what is told when the engine fails. */
import type { ClauseGroup } from './clause.js'

const opening: ClauseGroup = {
  title: 'Open and close',
  clauses: [
    {
      id: 'OPEN-1',
      promise: 5,
      says: '`open` on an empty place makes everything; sixteen at once, from handles or processes, all succeed; called again on an open handle it does nothing. Abilities are final from then on, and `exchangeSync` and `restore` are there exactly when they are declared.',
      why: 'A deploy starts all its processes at the same moment.',
      look: 'how the schema is made: CREATE … IF NOT EXISTS is not enough where two run it at once; it takes an exclusive transaction, an advisory lock or an idempotent script.',
    },
    {
      id: 'OPEN-2',
      promise: 1,
      says: 'A newer schema than this version knows is refused with `STORE_INCOMPATIBLE`, each time it is tried; an older one is migrated by one opener at a time, its data kept, and workers of the release before go on working. What an earlier process left is found as it was.',
      why: 'A rollback of the program must not write into tables it does not understand.',
      look: 'the version number that the place carries: compared before anything is written, raised in the same transaction as the migration.',
    },
    {
      id: 'OPEN-3',
      promise: 1,
      says: 'Settings of the engine that break a promise are refused with `STORE_INCOMPATIBLE` and a message that says what to change.',
      why: 'An engine that may evict jobs, or syncs less than was asked for, loses them without a word.',
      look: 'what is read back after open: durability (`synchronous`, `fsync`, write concern) and eviction (`maxmemory-policy`), as they are and not as they were asked for.',
    },
    {
      id: 'OPEN-4',
      promise: 1,
      says: 'A connection, pool or handle that the user gave is never closed; a single connection is never used for calls without `tx`.',
      why: "It may be inside the user's transaction: a job acknowledged there is gone with its rollback.",
      look: "which connection a call uses: one of the store's own (by path, pool or duplicate), and the user's only for `tx`; and what `close` closes.",
    },
    {
      id: 'CLOSE-1',
      promise: 5,
      says: '`close` waits for calls under way, may be called twice and before `open`, and frees every handle, timer and listener that the store made, and only those. Calls made after it began reject with `STORE_CLOSED`, `open` too. `Symbol.asyncDispose` is the same.',
      why: 'A process must be able to end, with all that it was told being true.',
      look: 'what keeps the process alive: pools, subscriptions, watchers, timers without unref; and calls that reach a closed driver and fail with its error.',
    },
  ],
}

const faults: ClauseGroup = {
  title: 'Faults',
  clauses: [
    {
      id: 'FAULT-1',
      promise: 4,
      says: "A write that the engine failed rejects with `STORE_UNAVAILABLE` (surely nothing happened) or `OUTCOME_UNKNOWN` (it may have), with a message in words and the engine's error as `cause`. An outcome that is not known is never called the former.",
      why: 'The caller repeats the one at once; the other it has to recognise first.',
      look: 'the catch around the commit: what failed after the request left, or at COMMIT itself, is unknown; the second part of a call that is not atomic as well. Codes come from the kind of failure, not from the class of the error.',
    },
    {
      id: 'FAULT-2',
      promise: 4,
      says: 'Every call settles within its `deadline` (default 10 s of real time), half-open connections included. A signal that was aborted before the call is `ABORTED`, and nothing happens; one that is aborted while the call is under way leaves it to be done, or rejects it: as `ABORTED` when surely nothing was written, else as `OUTCOME_UNKNOWN`.',
      why: 'A call that hangs holds up everything behind it.',
      look: 'waits without an end: for a connection of the pool, for a lock, for a reply on a half-open socket, in an offline queue. The deadline is real time, also where a test gives the clock.',
    },
    {
      id: 'FAULT-3',
      promise: 3,
      says: 'After a fault at any point (a failpoint, a cut connection, a killed process or server) all clauses of ATOM, UNIQ, COUNT and FEED hold again at the latest after the next sweep (`list`, walk `lease`, `overOnly`), without repair by hand.',
      why: 'Crashes come in the middle.',
      look: 'each pair of writes that are not one: what does the store look like between them, and who finishes the second? On an engine without transactions the record must say what is still owed.',
    },
    {
      id: 'FAULT-4',
      promise: 5,
      says: 'When the engine is back, the same store object works again within 5 s. No `error` event goes unhandled.',
      why: 'An outage of the database must not need a restart of every worker.',
      look: 'state that a failure leaves behind: a transaction left open, a broken connection kept in the pool, a promise of the first connection that is remembered as rejected; `error` listeners on pools, clients and subscribers.',
    },
    {
      id: 'FAULT-5',
      promise: 4,
      says: 'A call that was rejected is over: what it sent takes effect before its rejection or never.',
      why: 'The caller repeats it, the repeat is answered, and others build on that; a late first copy of a claim, an insert or a cancel would be an order that nobody gave.',
      look: "what may still be on its way at the deadline: a statement that waits on the server or in the driver's queue, a transaction that waits for the file. The engine has to refuse it too: a deadline of the statement below that of the call, checked by the engine's own clock inside the statement or script.",
    },
  ],
}

const besides: ClauseGroup = {
  title: 'Hints and moving',
  clauses: [
    {
      id: 'HINT-1',
      promise: 5,
      says: "`subscribe` calls back after acknowledged writes that may make work or end a job, on this handle at least, with `hintsAcrossProcesses` on every handle; what a hint tells of can be read by then. Hints may be lost, late, doubled or without a name; nothing depends on them. A listener's error harms nobody.",
      why: 'They shorten a sleep; the poll is what is relied on.',
      look: 'when a hint goes out: after the commit, for inserts, for changes that queue or end a job or end its lease, for the end of a pause.',
    },
    {
      id: 'RESTORE-1',
      promise: 1,
      says: '(`restorable`) `restore` writes records and events as given, byte for byte, and gives the events new feed positions. It answers false, and changes nothing, for an id that exists and for a live job whose key another live job holds; each is judged alone, in order.',
      why: 'Jobs are moved from store to store with their history; a second live holder of a key must not come in by this door.',
      look: 'what `restore` fills besides the record: counts, indexes, key, feed; and that it takes version, times and lease from the record instead of making new ones.',
    },
  ],
}

export const life: readonly ClauseGroup[] = [opening, faults, besides]
