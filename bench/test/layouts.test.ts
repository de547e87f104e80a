/** The layouts that are compared keep the same promises, else their figures are of something else. */
import { afterAll, describe, expect, test } from 'vitest'
import { Bed, type Hand, type Leased, SUCCEEDED } from '../layouts/bed.ts'
import { burst } from '../layouts/burst.ts'
import { checkBooks, checkPromises } from '../layouts/promises.ts'
import { burstTable, steadyTable } from '../layouts/report.ts'
import { steady } from '../layouts/steady.ts'
import { BUILT, BURSTS, STEADY, type Variant } from '../layouts/table.ts'
import type { Place } from '../place.ts'
import { postgresPlace } from '../places/postgres.ts'

const place: Place | null = await postgresPlace()
afterAll(() => place?.stop())
const url = place?.url('layouts') ?? ''

describe.skipIf(place === null)('layouts of Postgres', () => {
  let bed: Bed
  let count = 0
  const made = async (variant: Variant): Promise<Bed> => (bed = await Bed.make(url, `test${count++}`, variant, 2))

  test.each(Object.entries(BURSTS))('%s › keeps fence, keys, counts, events and their order', async (_, variant) => {
    await checkPromises(await made(variant))
    await bed.sweep()
    await bed.vacuum()
    await checkBooks(bed)
    await bed.drop()
  })

  describe('a cancel that waits for a claim', () => {
    let queued: string
    let cancel: Promise<Record<string, unknown>[]>

    /** Claims without committing, sends the cancel, and commits when that waits. */
    async function race(variant: Variant, sql: (id: string) => string): Promise<void> {
      const [claimer, canceller] = (await made(variant)).hands as [Hand, Hand]
      await claimer.enqueue(1)
      queued = (await bed.keeper.rows(variant.layout.all))[0]?.id as string
      await claimer.rows('begin')
      const { taken } = await claimer.settleAndTake(1, [], SUCCEEDED)
      expect(taken.map(({ id }: Leased) => id)).toEqual([queued])
      const [own] = await canceller.rows('select pg_backend_pid() as pid')
      cancel = canceller.rows(sql(queued))
      for (let waits = false; !waits; )
        waits =
          (await bed.keeper.rows(`select cardinality(pg_blocking_pids(${own?.pid})) > 0 as waits`))[0]?.waits === true
      await claimer.rows('commit')
    }

    test('one row › cancels what the claim has taken meanwhile', async () => {
      await race(
        BURSTS[BUILT] as Variant,
        (id) => `update job set ev_from = state, state = 7 where id = '${id}' and state in (1, 3) returning ev_from`,
      )
      expect(await cancel).toEqual([{ ev_from: 3 }])
      await bed.drop()
    })

    test('split › finds the job nowhere, and only a second look tells that its guard holds [GUARD-2]', async () => {
      const variant = BURSTS.split as Variant
      await race(
        variant,
        (
          id,
        ) => `with r as (delete from ready where id = '${id}' returning id), h as (delete from held where id = '${id}' returning id)
          select * from r union all select * from h`,
      )
      expect(await cancel).toEqual([])
      expect(await bed.keeper.rows(`select state from (${variant.layout.all}) j where id = '${queued}'`)).toEqual([
        { state: 3 },
      ])
      await bed.drop()
    })
  })

  test('a burst and a steady load give their figures', async () => {
    const one = { [BUILT]: BURSTS[BUILT] as Variant }
    const sides = await burst({ url, pid: null, size: 10, connections: 2, jobs: 40, rounds: 1 }, one)
    expect(burstTable('x', sides)).toMatch(/\| one row \| .*not known.* \| 1\.00 \| \d+ \|/)
    const minute = await steady({ url, pid: null, ms: 200, windows: 2 }, BUILT, STEADY[BUILT] as Variant)
    expect(steadyTable([minute])).toContain('| one row |')
    expect(minute.windows.every(({ wallMs }) => wallMs > 0)).toBe(true)
  })
})
