import type { FeedEvent } from './audit-event.js'
import { checkName } from './names.js'
import { toAuditEvent } from './present.js'
import type { Runtime } from './runtime.js'

export interface FeedOptions {
  /** An event's cursor, `'start'` (default) or `'end'`. */
  readonly after?: string | undefined
  readonly queue?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const PAGE = 200
/** Longest sleep when caught up; a hint ends it earlier. */
const POLL_MS = 1000
/** Something is being written that may not be shown yet. */
const BEHIND_MS = 20

/** Everybody's events, in an order that never skips one. Ends with the signal or when the queue closes. */
export async function* feed(rt: Runtime, options: FeedOptions = {}): AsyncGenerator<FeedEvent, void, undefined> {
  const { queue, signal } = options
  if (queue !== undefined) checkName(queue, 'queue')
  let after = options.after ?? 'start'
  let isHinted = false
  const stopListening = rt.wake.listen(() => {
    isHinted = true
  })
  try {
    while (!signal?.aborted && !rt.isClosing()) {
      isHinted = false
      const page = await rt.door.call((store) => store.feed({ after, limit: PAGE }))
      for (const event of page.events) {
        if (queue !== undefined && event.queue !== queue) continue
        yield Object.freeze({ ...toAuditEvent(event), cursor: event.cursor })
        if (signal?.aborted) return
      }
      after = page.cursor
      if (page.events.length > 0 || isHinted || rt.isClosing()) continue
      await rt.wake.sleep(page.caughtUp ? POLL_MS : BEHIND_MS, () => true, signal)
    }
  } finally {
    stopListening()
  }
}
