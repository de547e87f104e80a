import { isStintError, StintError } from '@stint/core'
import { storeFailures } from '@stint/core/store'

export const { incompatible, unavailable, unknown } = storeFailures('redis')

/** The only place that knows what the server and the driver say when something fails. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
/** The first word of an error reply. A reply is known by its class's name: the driver may be another copy of the package. */
const wordOf = (error: unknown): string =>
  error instanceof Error && error.name === 'ReplyError' ? (/^-?([A-Z]+)/.exec(error.message)?.[1] ?? 'ERR') : ''

export const isReply = (error: unknown): boolean => wordOf(error) !== ''
export const isUnknownScript = (error: unknown): boolean => wordOf(error) === 'NOSCRIPT'
export const isLate = (error: unknown): boolean => wordOf(error) === 'LATE'
/** Nothing went out: the driver had no connection to write to, and keeps nothing for later. */
export const isUnsent = (error: unknown): boolean => /isn't writeable/.test(messageOf(error))
/** Nobody listens where the server was: the process that had our bytes is gone. */
export const isRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'

/** Where the slot of the store is now. */
export function movedTo(error: unknown): { readonly host: string; readonly port: number } | null {
  if (wordOf(error) !== 'MOVED') return null
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(messageOf(error)) ?? []
  return host ? { host, port: Number(port) } : null
}

/** Another server may be meant by the same address by now. */
export const asksToReconnect = (error: unknown): boolean => /^(READONLY|MASTERDOWN|LOADING)$/.test(wordOf(error))

interface Advice {
  readonly word: string
  readonly message: string
  readonly code?: 'STORE_BROKEN'
}
/** Said before a script has written anything. */
const ADVICE: readonly Advice[] = [
  { word: 'LATE', message: 'The server was too slow: the call came to it behind its deadline, and it did nothing.' },
  {
    word: 'OOM',
    message:
      'The server is at its maxmemory: new jobs are refused, those that are there go on. Give it memory, or remove finished jobs sooner.',
  },
  { word: 'READONLY', message: 'The server is a replica. Connect to the primary.' },
  { word: 'MASTERDOWN', message: 'The server is a replica whose primary is gone.' },
  { word: 'LOADING', message: 'The server is still loading its data.' },
  { word: 'BUSY', message: "The server is busy with somebody's long script." },
  { word: 'MISCONF', message: 'The server cannot write to its disk, and takes no writes until it can.' },
  { word: 'NOREPLICAS', message: 'The server has fewer replicas than min-replicas-to-write asks for.' },
  { word: 'CLUSTERDOWN', message: 'The cluster is down.' },
  { word: 'TRYAGAIN', message: 'The slot of the store is being moved between nodes.' },
  { word: 'ASK', message: 'The slot of the store is being moved between nodes.' },
  { word: 'MOVED', message: 'The slot of the store moves from node to node.' },
  { word: 'NOAUTH', message: 'The server wants a password. Give it in the URL.' },
  { word: 'WRONGPASS', message: 'The server refused user and password.' },
  {
    word: 'NOPERM',
    message:
      'This user may not do that. It needs EVAL, EVALSHA, their _RO forms, and all keys and channels of the store.',
  },
  { word: 'NOSCRIPT', message: 'The server forgot the script as it was sent.' },
  {
    word: 'BROKEN',
    code: 'STORE_BROKEN',
    message: 'The keys of Stint are not as this package made them. Were they changed by hand?',
  },
  {
    word: 'WRONGTYPE',
    code: 'STORE_BROKEN',
    message: 'The keys of Stint are not as this package made them. Were they changed by hand?',
  },
]

/** The error that a call rejects with. `inDoubt`: a write was sent, and its answer has not come. What is not the driver's stays what it is. */
export function failureOf(error: unknown, inDoubt: boolean): unknown {
  if (isStintError(error) || error instanceof TypeError) return error
  const advice = ADVICE.find(({ word }) => word === wordOf(error))
  if (advice === undefined && inDoubt)
    return unknown(
      'The connection was lost, or the answer did not come in time, while a write was under way: it may or may not have happened. A repeat is safe.',
      error,
    )
  return new StintError(
    advice?.code ?? 'STORE_UNAVAILABLE',
    `${advice?.message ?? 'Redis could not be reached or did not answer.'} Nothing was written. (${messageOf(error)})`,
    { store: 'redis' } as never,
    { cause: error },
  )
}

export const broken = (what: string): StintError<'STORE_BROKEN'> =>
  new StintError(
    'STORE_BROKEN',
    `Expected data that @stint/store-redis wrote, found something else in ${what}. Were keys of the store changed by hand?`,
    { store: 'redis' },
  )

export const cursorInvalid = (cursor: string): StintError<'CURSOR_INVALID'> =>
  new StintError(
    'CURSOR_INVALID',
    `Expected a cursor that this store made for this very walk, got '${cursor.slice(0, 60)}'; begin without one.`,
    { cursor },
  )
