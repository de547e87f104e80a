/** What is not a job: settings, the pause among them; and how jobs go. */
import type { ClauseGroup } from './clause.js'

const settings: ClauseGroup = {
  title: 'Pause and settings',
  clauses: [
    {
      id: 'PAUSE-1',
      promise: 5,
      says: 'A claim that begins after `configure` acknowledged a setting of kind `paused` takes nothing from the queue of its name, by ids neither, until the setting is gone. Its value does not matter. Enqueue, settle, beat and sweep go on, other queues too, and a claim with `again` is answered with what its token holds.',
      why: 'Who paused a lane may rely on it, in every process.',
      look: 'where a claim reads the pause: in its own step, for each queue that a job of it is of (also the jobs of an entry of ids); not from a cache.',
    },
    {
      id: 'SET-1',
      promise: 4,
      says: 'A setting is written whole. With `ifVersion` it is written or removed only when that is its version (0: absent), judged in the step itself; else the current one is answered. Versions count up from 1 as long as the setting is there, also when the same value is written again; removed, it begins anew. Settings of a call are judged each alone, in their order, and write no event.',
      why: 'Of two processes that both read version 3, one is told that it was not first.',
      look: 'the compare-and-set: the version in the WHERE or the filter, and the insert when it must be absent; removal under `ifVersion` too; (kind, name) together are the key.',
    },
    {
      id: 'SET-2',
      promise: 5,
      says: '`settings(kind)` gives all settings of exactly that kind, by the bytes of their names; there may be at least 10,000 of them, each of up to 64 KiB.',
      why: 'Workers, schedules and limits are settings.',
      look: 'a page size of the engine that ends the list early, and a match of kinds by prefix.',
    },
  ],
}

const removal: ClauseGroup = {
  title: 'Removal',
  clauses: [
    {
      id: 'REMOVE-1',
      promise: 1,
      says: '`remove` removes a job with its events exactly when the job is terminal and its version is the one given, judged in the step itself; a live job never. Each is judged alone and answered in the order asked.',
      why: 'A purge that reads, then deletes, eats the job that was retried in between.',
      look: 'the condition of the delete: id, version and terminal state together, at the moment of the write; not by age and not from a list read before.',
    },
    {
      id: 'REMOVE-2',
      promise: 3,
      says: 'After a removal nobody sees any part of the job: not in reads, lists, feed, counts or keys. Its id may be inserted anew and begins at version 1.',
      why: 'Events left behind would be the first ones of a job that comes later.',
      look: 'what hangs on a job: its events, index entries, key, tags, counts; they go in the same step or are out of sight from it on.',
    },
    {
      id: 'REMOVE-3',
      promise: 5,
      says: 'Space comes back: after all jobs were removed the store is at a size that does not grow from one such round to the next, and reads as empty.',
      why: 'A store that only grows ends on a full disk.',
      look: 'what is left per removed job: tombstones, empty keys, positions, pages that are never used again.',
    },
  ],
}

export const settingsAndRemoval: readonly ClauseGroup[] = [settings, removal]
