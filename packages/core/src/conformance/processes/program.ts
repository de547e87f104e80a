/** The program of a process of the suite: makes a store as it is told, obeys, and ends with the process that started it. */
import { isStintError } from '../../errors.js'
import type { Store } from '../../store.js'
import type { ConformanceOptions } from '../options.js'
import { type MovableClock, movableClock } from '../stage/movable-clock.js'
import { claimAll, writeOn } from './loops.js'
import type { Call, Make, Order, Said, Sent, ToldError } from './orders.js'

const clock: MovableClock = movableClock()
let store: Store | null = null

const say = (said: Said): void => void process.send?.(said)

async function make({ module, export: name, args, space }: Make): Promise<{ name: string }> {
  const exported: unknown = Reflect.get((await import(module)) as object, name)
  if (exported === undefined) throw new Error(`The module ${module} has no export '${name}'.`)
  const options = (await (typeof exported === 'function' ? exported(...args) : exported)) as ConformanceOptions
  store = await options.store(space, { clock })
  return { name: store.name }
}

function made(): Store {
  if (store === null) throw new Error('No store was made yet.')
  return store
}

async function call({ method, args }: Call): Promise<unknown> {
  const operation: unknown = Reflect.get(made(), method)
  if (typeof operation !== 'function') throw new Error(`The store has no method '${method}'.`)
  return Reflect.apply(operation, made(), args)
}

function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'make':
      return make(order)
    case 'call':
      return call(order)
    case 'claim all':
      return claimAll(made(), order)
    case 'write on':
      return writeOn(made(), order, (write) => say({ what: 'write', write }))
  }
}

const told = (error: unknown): ToldError => ({
  message: error instanceof Error ? error.message : String(error),
  code: isStintError(error) ? error.code : null,
  details: isStintError(error) ? error.details : null,
})

process.on('message', ({ id, at, order }: Sent) => {
  clock.set(at)
  obey(order).then(
    (value) => say({ what: 'answer', id, value }),
    (error: unknown) => say({ what: 'error', id, error: told(error) }),
  )
})
process.on('disconnect', () => process.exit())
say({ what: 'ready' })
