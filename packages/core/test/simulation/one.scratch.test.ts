import { appendFileSync, writeFileSync } from 'node:fs'
import { test } from 'vitest'
import { World } from './world.js'

test('one', async () => {
  const from = Number(process.env['SEED'] ?? 1),
    n = Number(process.env['N'] ?? 1)
  const fails: string[] = []
  process.on('unhandledRejection', (e) => {
    fails.push('unhandled ' + String(e))
  })
  const t0 = Date.now()
  const tally = new Map<string, number>()
  for (let seed = from; seed < from + n; seed++) {
    const w = new World(seed, n === 1)
    const s = Date.now(); appendFileSync('/tmp/seeds.txt', seed + '\n')
    try {
      await w.run()
    } catch (e) {
      fails.push(
        `${seed}: ${(e as Error).message
          .split('\n')
          .slice(0, n === 1 ? 40 : 2)
          .join(' | ')}` + (n === 1 ? (e as Error).stack + String((e as any).cause?.stack ?? '') : ''),
      )
    }
    for (const [k, v] of w.ledger.told) tally.set(k, (tally.get(k) ?? 0) + v)
    if (n === 1) {
      writeFileSync('/tmp/trace.txt', (w.lines ?? []).join('\n'))
      console.log(
        w.witness.events.length,
        'events',
        w.ledger.acknowledged.size,
        'jobs',
        Date.now() - s,
        'ms',
        w.time.elapsed,
      )
    }
  }
  console.log(
    [...tally]
      .sort()
      .map(([k, v]) => `${k}: ${v}`)
      .join('\n'),
  )
  console.log(fails.slice(0, 60).join('\n'))
  console.log(fails.length, 'fails', Date.now() - t0, 'ms')
}, 600_000)
