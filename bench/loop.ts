/** Work that can be done by a store or by bare statements, so that the two are measured by the same hand. */
export interface Loop {
  /** Puts so many jobs in line, in one call. */
  enqueue(count: number): Promise<void>
  /** In one exchange: settles as succeeded what the exchange before took, and takes up to `most`. Answers how many it took. */
  exchange(most: number): Promise<number>
  /** What has to be done from time to time: counts folded, dead rows removed. */
  upkeep(): Promise<void>
  close(): Promise<void>
}

/** What every job of a loop carries: some hundred bytes, as the measured layouts have it. */
export const PAYLOAD = JSON.stringify({
  to: 'somebody@example.com',
  subject: 'Your order has been shipped',
  order: 1_234_567,
  is: true,
})
export const QUEUE = 'default'
export const TYPE = 'mail'
export const MAX_ATTEMPTS = 5
export const PRIORITY = 50
export const LEASE_MS = 30_000
export const WORKER = 'bench-1'

/** A token as a store is given it: it cannot be guessed. */
export const newToken = (): string => crypto.randomUUID()
