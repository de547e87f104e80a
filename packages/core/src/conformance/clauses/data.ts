/** What a field may hold, and what a batch is. */
import type { ClauseGroup } from './clause.js'

const data: ClauseGroup = {
  title: 'Data',
  clauses: [
    {
      id: 'DATA-1',
      promise: 5,
      says: 'JSON texts come back byte for byte, from every field and every way of reading: order of keys, a key twice, `\\u0000`, lone surrogate escapes, `1e400`, `__proto__`, white space, 10,000 levels; 1 MiB in a body, 4 MiB in a record.',
      why: 'What one worker wrote the next one reads, whatever engine is between.',
      look: 'the type of the column or field: text, never jsonb, a BSON document or a value that Lua or JavaScript has parsed and written again; and the limits of a row, a page or a packet.',
    },
    {
      id: 'DATA-2',
      promise: 5,
      says: 'Everything within the limits is kept as given: ids of 1–128 characters of `A–Z a–z 0–9 _ . : -`; queues and types the same and `/`; key, group, token, worker id, actor, kind and name of a setting 1–255 bytes of well-formed text without control characters; up to 16 tags of 64 bytes; priority 0–100; attempts below 2^31; instants from 0 to 2^45 − 1.',
      why: 'A name that one store takes and another cuts is two programs.',
      look: 'the widths: columns counted in bytes, index keys with a maximum, 32-bit integers for instants, separators inside composed keys.',
    },
    {
      id: 'DATA-3',
      promise: 5,
      says: "Text in any field is data: `$payload`, `'; --`, `{tag}`, `%s`, CRLF, `__proto__` mean nothing. Texts that differ in case, accents or blanks are different.",
      why: 'Engines with expression languages evaluate it otherwise; payloads come from strangers.',
      look: 'each place where a value meets a language: SQL put together by hand, Mongo pipelines without `$literal`, keys of a plain object, Lua patterns, LIKE, a collation that folds.',
    },
    {
      id: 'DATA-4',
      promise: 5,
      says: 'null, the empty text `""`, the text `"null"`, 0 and −0 (which is kept as 0) stay apart; a field that a patch does not name is left alone, one that it gives as null is cleared.',
      why: 'A result of null is a result.',
      look: 'truthiness: `||` where `??` is meant, `if (value)`, COALESCE over a patch, an empty string that the engine makes null of.',
    },
  ],
}

const batches: ClauseGroup = {
  title: 'Batches',
  clauses: [
    {
      id: 'BATCH-1',
      promise: 5,
      says: 'The parts of a batch run in the order inserts, changes, beats, claims, and each is answered in the order of its items; an empty batch is answered by empty lists. Whether a claim can take what the same batch put in or back is up to the store.',
      why: 'Core sends a settle together with the next claim.',
      look: "parts that run side by side or as one statement on one snapshot: a claim must not take what the batch's own change has ended.",
    },
    {
      id: 'BATCH-2',
      promise: 5,
      says: "An item's fate does not depend on its neighbours': batches of 1 and of 500 give the same.",
      why: "The batch is core's, not the caller's: strangers' calls travel together.",
      look: 'a conflict, a refusal or a missing row that ends the statement for all; and answers that are matched by position where rows are missing.',
    },
    {
      id: 'BATCH-3',
      promise: 5,
      says: 'Round trips and commits of a batch do not grow with its items, claims of distinct entries aside.',
      why: 'It is where the speed comes from: a crowd pays for one commit.',
      look: 'a loop that awaits each item; on an engine without transactions over several records use one bulk command.',
    },
  ],
}

export const dataAndBatches: readonly ClauseGroup[] = [data, batches]
