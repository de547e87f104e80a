import type { Hint } from '@stint/core'
import { describe, expect, inject, test } from 'vitest'
import { newJob } from '../../core/test/table-store/build.js'
import { redisStore } from '../src/index.js'
import { ask, newName, url } from './support/place.js'

/** Hints of one store, and a way to wait for the next. */
function ears() {
  const heard: Hint[] = []
  let wake = (): void => {}
  const listen = (hint: Hint): void => {
    heard.push(hint)
    wake()
  }
  const until = async (fits: (hint: Hint) => boolean): Promise<void> => {
    while (!heard.some(fits)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { heard, listen, until }
}

const listeners = (name: string): Promise<number> =>
  ask(async (redis) => Number(((await redis.pubsub('NUMSUB', `{${name}}:h`)) as unknown[])[1]))

describe.skipIf(inject('redisUrl') === null)('hints from another handle', () => {
  test('an insert › is heard with its queue, once [HINT-1]', async () => {
    const name = newName()
    const [a, b] = [redisStore({ url: url(), prefix: name }), redisStore({ url: url(), prefix: name })]
    await a.open()
    await b.open()
    const { heard, listen, until } = ears()
    b.subscribe(listen)
    await until((hint) => hint.queue === undefined) // it listens from now on
    await a.exchange({ inserts: [newJob('one', { queue: 'lane/1' })] })
    await until(({ queue }) => queue === 'lane/1')
    expect(heard).toEqual([{}, { queue: 'lane/1' }])
    await a.close()
    await b.close()
  })

  test('a write of one’s own › is heard once, not again by the channel', async () => {
    const name = newName()
    const store = redisStore({ url: url(), prefix: name })
    const other = redisStore({ url: url(), prefix: name })
    await store.open()
    await other.open()
    const { heard, listen, until } = ears()
    store.subscribe(listen)
    await until((hint) => hint.queue === undefined)
    await store.exchange({ inserts: [newJob('own')] })
    await other.exchange({ inserts: [newJob('behind', { queue: 'last' })] })
    await until(({ queue }) => queue === 'last')
    expect(heard).toEqual([{}, { queue: 'mail' }, { queue: 'last' }])
    await store.close()
    await other.close()
  })

  test('the listening connection, cut › comes back, and what was missed is a hint without a name [HINT-1, FAULT-4]', async () => {
    const name = newName()
    const [a, b] = [redisStore({ url: url(), prefix: name }), redisStore({ url: url(), prefix: name })]
    await a.open()
    await b.open()
    const { heard, listen, until } = ears()
    b.subscribe(listen)
    await until((hint) => hint.queue === undefined)
    heard.length = 0
    await ask((redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'))
    await until((hint) => hint.queue === undefined)
    await a.exchange({ inserts: [newJob('one', { queue: 'later' })] })
    await until(({ queue }) => queue === 'later')
    await a.close()
    await b.close()
  })

  test('who does not listen › costs no connection, and `listen: false` none ever', async () => {
    const name = newName()
    const [quiet, deaf] = [
      redisStore({ url: url(), prefix: name }),
      redisStore({ url: url(), prefix: name, listen: false }),
    ]
    await quiet.open()
    await deaf.open()
    deaf.subscribe(() => {})
    await deaf.exchange({ inserts: [newJob('one')] })
    expect(await listeners(name)).toBe(0)
    expect(deaf.capabilities.hintsAcrossProcesses).toBe(false)
    const { listen, until } = ears()
    quiet.subscribe(listen)
    await until((hint) => hint.queue === undefined)
    expect(await listeners(name)).toBe(1)
    await quiet.close()
    expect(await listeners(name)).toBe(0)
    await deaf.close()
  })
})
