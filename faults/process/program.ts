/** A process of an application, ordered about over its pipe: it works, or it produces. It ends with the runner. */
import { flushCompileCache } from 'node:module'
import type { Answer, Order, Sent } from './orders.ts'
import { Producing } from './producing.ts'
import { Working } from './working.ts'

let working: Working | null = null
let producing: Producing | null = null

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'work':
      working = new Working(order)
      return working.open()
    case 'produce':
      producing = new Producing(order)
      return producing.begin()
    case 'next success':
      return (working ?? producing)?.successes.next(order.after)
    case 'hold':
      return working?.held(order.jobs)
    case 'sweep':
      return working?.sweep(order.at)
    case 'enqueue':
      return producing?.enqueue(order.count)
    case 'quiet':
      return producing?.quiet()
    case 'close': {
      const closing = [working?.close(), producing?.close()]
      working = null
      producing = null
      await Promise.all(closing)
    }
  }
}

const say = (answer: Answer): void => void process.send?.(answer)

process.on('message', ({ id, order }: Sent) => {
  obey(order).then(
    (value) => {
      say({ id, value: value ?? null })
      // By now all is loaded that will be, and this process may be killed at any moment.
      if (order.do === 'work' || order.do === 'produce') flushCompileCache()
    },
    (error: unknown) => say({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
say({ ready: true })
