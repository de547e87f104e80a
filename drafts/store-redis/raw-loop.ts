import { Redis } from 'ioredis'
import { redisStore } from '../src/index.ts'

const url = 'redis://127.0.0.1:7799'
const cli = new Redis(url)
const event = (type: string) => ({ type, actor: null, detail: null })
const cpu = async () => {
  const i = await cli.info('cpu')
  return Number(/used_cpu_user:(.*)/.exec(i)![1]) + Number(/used_cpu_sys:(.*)/.exec(i)![1])
}
for (const size of (process.env.SIZES ?? '500,100,10,1').split(',').map(Number)) {
  await cli.flushall()
  const store = redisStore({ url, name: 'b' })
  await store.open()
  const N = size === 1 ? 4000 : size === 10 ? 20000 : 40000
  let c0 = await cpu(),
    u0 = process.cpuUsage()
  let t = performance.now()
  const jobs = (n: number) =>
    Array.from({ length: size }, (_, i) => ({
      id: `01J${String(n * size + i).padStart(23, '0')}`,
      queue: 'default',
      type: 'mail',
      payload: '{"to":"someone@example.com","n":12345}',
      priority: 50,
      run: { inMs: 0 },
      maxAttempts: 5,
      key: null,
      keyUntil: 'finished' as const,
      group: null,
      tags: [],
      ext: null,
      state: 'queued' as const,
      event: event('enqueued'),
    }))
  const two = async (total: number, one: (n: number) => Promise<unknown>) => {
    let n = 0
    await Promise.all(
      [0, 1].map(async () => {
        while (n < total) await one(n++)
      }),
    )
  }
  await two(N / size, (n) => store.exchange({ inserts: jobs(n) }))
  let ms = performance.now() - t,
    c = (await cpu()) - c0,
    u = process.cpuUsage(u0)
  console.log(
    'enqueue',
    size,
    Math.round(N / ms) + 'K/s',
    'redis us',
    ((c * 1e6) / N).toFixed(1),
    'client us',
    ((u.user + u.system) / N).toFixed(1),
  )
  c0 = await cpu()
  u0 = process.cpuUsage()
  t = performance.now()
  let done = 0,
    k = 0
  await Promise.all(
    [0, 1].map(async () => {
      let held: any[] = []
      for (;;) {
        const token = 't' + k++
        const r = await store.exchange({
          changes: held.map((j) => ({
            id: j.id,
            guard: { token: j.lease.token },
            set: { state: 'succeeded' as const, result: '{"ok":true}', error: null },
            event: event('succeeded'),
          })),
          claims: [
            {
              token,
              workerId: 'w1',
              leaseMs: 30000,
              to: 'running',
              max: size,
              event: event('leased'),
              from: [{ queue: 'default', types: ['mail'], limit: size }],
            },
          ],
        })
        done += held.length
        held = [...r.claims[0]!.jobs]
        if (!held.length) break
      }
    }),
  )
  ms = performance.now() - t
  c = (await cpu()) - c0
  u = process.cpuUsage(u0)
  console.log(
    'exchange',
    size,
    done,
    (done / ms).toFixed(1) + 'K/s',
    'redis us',
    ((c * 1e6) / done).toFixed(1),
    'client us',
    ((u.user + u.system) / done).toFixed(1),
    'bytes/job',
    Math.round(Number(/used_memory:(\d+)/.exec(await cli.info('memory'))![1]) / done),
  )
  await store.close()
}
cli.disconnect()
