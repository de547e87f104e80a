/** What is recognised when it comes again: ids, tokens, unique keys. */
import type { ClauseGroup } from './clause.js'

const repeats: ClauseGroup = {
  title: 'Repeats',
  clauses: [
    {
      id: 'IDEM-1',
      promise: 4,
      says: 'Inserting an id that exists changes nothing and answers with the existing job, whole and as it is, in whatever state, `isNew` false. This holds as long as the record does.',
      why: 'The reply to the first insert may have been lost.',
      look: 'the insert: ON CONFLICT DO NOTHING and then a read, never an upsert that overwrites; the answer is the stored job, not the one that was sent.',
    },
    {
      id: 'IDEM-2',
      promise: 4,
      says: 'A claim with `again` returns all that its token still holds, in the order of the first answer, and takes nothing more. Only if that is nothing does it take as any claim. Beside its first copy, still under way, it may take as well; then both sets are under the token, and the next repeat returns them.',
      why: 'The first reply was lost; what it took must not wait for the end of its lease.',
      look: 'the branch for `again`: it looks for the token among the live leases before it takes, in the same step, and a job that was settled or expired meanwhile is not among them.',
    },
    {
      id: 'IDEM-3',
      promise: 4,
      says: 'Neither store nor driver sends a write twice: one call is carried out at most once.',
      why: 'Repeats are decided above, where they are recognised.',
      look: "the driver's options: `retryWrites`, auto-retry, an offline queue that sends again after a reconnect; and loops of the store's own around a write whose outcome it does not know.",
    },
  ],
}

const keys: ClauseGroup = {
  title: 'Unique keys',
  clauses: [
    {
      id: 'UNIQ-1',
      promise: 5,
      says: 'At most one live job holds a key of a queue; keys compare by their bytes, and the same key of another queue is another key. An insert that meets the holder answers with that job, `isNew` false, and changes nothing; of two in one batch the first wins. An existing id goes before a key.',
      why: 'Two jobs that were to be one run twice.',
      look: 'the unique index: over (queue, key), of live jobs only, under a binary collation; and the order of the two conflicts, id first.',
    },
    {
      id: 'UNIQ-2',
      promise: 5,
      says: "The key is free from the step in which its holder becomes terminal or is removed, not sooner and not later. With `keyUntil: 'claimed'` it is free from the claim on and for good: the record's key is then null.",
      why: 'Free too soon makes two; free too late refuses an honest enqueue. A settle must never meet a conflict.',
      look: 'each step that ends, claims or removes a job: it frees the key in the same step, and only its own; release, expire, start and a retried failure keep it.',
    },
    {
      id: 'UNIQ-3',
      promise: 5,
      says: 'A change that would make a terminal job live while another job holds its key is refused: why `key`, with the job as it is and the id of the holder. The guard is judged first.',
      why: 'Else a retry makes two live holders, or steals the key of the one at work.',
      look: 'the way from terminal to live: a violation of the unique index has to become this answer, for this item alone; a store without such an index has to look and write in one step.',
    },
    {
      id: 'UNIQ-4',
      promise: 1,
      says: 'Of concurrent inserts of one key one is new; all answer with one job, which held the key at some moment of the call.',
      why: 'An answer with a job that held nothing is an enqueue that was acknowledged and is nowhere.',
      look: 'check-then-insert in two steps; and the read after a conflict: when it finds no holder any more, the insert has to be tried again.',
    },
    {
      id: 'UNIQ-5',
      promise: 5,
      says: '`get({ queue, key })` answers with the live holder, whole, or null.',
      why: 'Debounce and "is it running already?" stand on it.',
      look: 'the lookup: by queue and key among live jobs; terminal jobs keep their key in the record and are no holders.',
    },
  ],
}

export const repeatsAndKeys: readonly ClauseGroup[] = [repeats, keys]
