/** What the runner orders of the processes it has started, and what they answer. Plain data: it goes over a pipe. */

export interface WorkOrder {
  readonly do: 'work'
  readonly url: string
  readonly lane: string
  readonly journal: string
  readonly workerId: string
  readonly concurrency: number
  readonly leaseMs: number
  readonly pollMs: number
  /** null: this process leaves sweeping to others. */
  readonly sweepMs: number | null
  /** How long a handler takes. */
  readonly handlerMs: number
  readonly breakBy: string | null
}

export interface ProduceOrder {
  readonly do: 'produce'
  readonly url: string
  readonly lane: string
  readonly journal: string
  /** Ids begin with it. */
  readonly prefix: string
  readonly perSecond: number
  /** Of each payload, about. */
  readonly payloadBytes: number
  /** Jobs enqueued at the beginning, due evenly over so long: work is there while nobody can enqueue. */
  readonly ahead: number
  readonly aheadMs: number
  readonly breakBy: string | null
}

export type Order =
  | WorkOrder
  | ProduceOrder
  /** Answers with the instant of the first job that was accepted, or acknowledged, behind `instant`. */
  | { readonly do: 'next success'; readonly after: number }
  /** Answers when so many handlers run. */
  | { readonly do: 'hold'; readonly jobs: number }
  /** Expires what is over, all of it, from that instant on. Answers with a `Swept`. */
  | { readonly do: 'sweep'; readonly at: number }
  /** So many jobs more, at once. */
  | { readonly do: 'enqueue'; readonly count: number }
  /** No more enqueues; answers when every one has its answer. */
  | { readonly do: 'quiet' }
  /** Stops working with grace, closes. */
  | { readonly do: 'close' }

export interface Swept {
  readonly begun: number
  readonly ended: number
  readonly expired: number
}

export interface Sent {
  readonly id: number
  readonly order: Order
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly ready: true }
