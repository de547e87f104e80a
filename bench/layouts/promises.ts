import { type Bed, type Hand, type Leased, QUEUED, SUCCEEDED } from './bed.ts'

/** What must be true of every layout, else its figures are of something else. Throws and says what is not. */
export async function checkPromises(bed: Bed): Promise<void> {
  const [hand] = bed.hands as [Hand]
  const keys = ['a', 'a', 'b', null, null]
  expect('of two jobs with one key one is new', await hand.enqueue(5, keys), 4)
  const { taken } = await hand.settleAndTake(10, [], SUCCEEDED)
  expect('a claim takes all that are due', taken.length, 4)
  expect('a job is taken once', (await hand.settleAndTake(10, [], SUCCEEDED)).taken.length, 0)
  const [first, ...others] = taken as [Leased, ...Leased[]]
  expect('a beat of who holds is accepted', await hand.beat(taken), taken.length)
  expect('a beat of who never held is refused', await hand.beat([{ ...first, token: 'x' }]), 0)
  expect('a token that never was is refused', await settled(hand, [{ ...first, token: 'x' }], SUCCEEDED), 0)
  expect('a retry is accepted', await settled(hand, [first], QUEUED), 1)
  const again = (await hand.settleAndTake(10, others, SUCCEEDED)).taken
  expect('what was put back is taken again', again.map(({ id }) => id).join(), first.id)
  expect('the token of an earlier attempt is refused', await settled(hand, [first], SUCCEEDED), 0)
  expect('the token in force is accepted', await settled(hand, again, SUCCEEDED), 1)
  expect('a key is free when its job is over', await hand.enqueue(1, ['a']), 1)
  await hand.rows(`insert into setting values ('paused', 'default', '')`)
  expect('a paused lane gives nothing', (await hand.settleAndTake(10, [], SUCCEEDED)).taken.length, 0)
  await hand.rows('delete from setting')
  const last = (await hand.settleAndTake(10, [], SUCCEEDED)).taken
  expect('all are settled', await settled(hand, last, SUCCEEDED), last.length)
  await checkBooks(bed)
}

/** For when nothing is due, so that it takes nothing. */
const settled = async (hand: Hand, given: readonly Leased[], state: number): Promise<number> =>
  (await hand.settleAndTake(10, given, state)).settled

/** What is true at the end of every run: events without a gap and in order, counts exact. */
export async function checkBooks({ keeper, variant }: Bed): Promise<void> {
  const all = `with all_jobs as (${variant.layout.all})`
  const wrong = async (what: string, sql: string): Promise<void> => {
    const rows = await keeper.rows(sql)
    if (rows.length > 0) throw new Error(`${what}: ${JSON.stringify(rows.slice(0, 3))}`)
  }
  await wrong(
    'a job and the number of its events differ',
    `${all} select id from all_jobs left join (select job_id, count(*) as n, max(seq) as last from event group by job_id) e on e.job_id = id
      where version <> n or version <> last or n is null limit 3`,
  )
  await wrong(
    'the feed turns a job round',
    `select job_id from (select job_id, seq, tx, lag(tx) over (partition by job_id order by seq) as before from event) e where tx < before limit 3`,
  )
  await wrong(
    'counts are not those of the jobs',
    `${all} select * from (select state, count(*)::int as n from all_jobs group by state) j
      full join (select state, sum(n)::int as n from (select state, n from count union all select state, n from count_delta) c group by state having sum(n) <> 0) c
      using (state) where j.n is distinct from c.n`,
  )
}

function expect<T>(what: string, got: T, expected: T): void {
  if (got !== expected) throw new Error(`${what}: expected ${expected}, got ${got}`)
}
