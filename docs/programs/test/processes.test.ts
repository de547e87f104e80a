import { join } from 'node:path'
import { type AuditEvent, JobQueue } from '@stint/core'
import { sqliteStore } from '@stint/store-sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendMail } from '../02-two-processes/definitions.js'
import { compile, place, Running, removeCompiled } from './built.js'
import { localServer } from './local-server.js'

let complaints = ''
beforeAll(() => {
  complaints = compile()
})
afterAll(removeCompiled)

it('every program › compiles strictly against the built packages', () => expect(complaints).toBe(''))

describe('programs in processes of their own', () => {
  it('1 · sixty seconds › prints its greeting, ends by itself, and leaves the finished job in its file', async () => {
    const folder = place()
    const { code, stdout, stderr } = await new Running('01-sixty-seconds', folder).ended
    expect([code, stdout, stderr]).toEqual([0, 'hello Ada\n', ''])
    await using jobs = new JobQueue({ store: sqliteStore({ path: join(folder, 'jobs.db') }) })
    expect((await jobs.stats()).succeeded).toBe(1)
  })

  it('2 · two processes › the web process enqueues and ends, the worker process sends, and anybody reads the result', async () => {
    const mail = await localServer(() => ({ status: 200, text: 'm-17' }))
    const folder = place()
    const env = { STORE_URL: `sqlite:${join(folder, 'shared.db')}`, MAIL_URL: mail.url }
    const web = await new Running('02-two-processes/web', folder, env).ended
    expect([web.code, web.stderr]).toEqual([0, ''])
    const worker = new Running('02-two-processes/worker', folder, env)

    await using jobs = new JobQueue({ store: sqliteStore({ path: join(folder, 'shared.db') }) })
    const id = web.stdout.trim()
    expect(await jobs.result(id, { timeout: '15s', as: sendMail })).toEqual({ messageId: 'm-17' })
    expect((await jobs.logs(id)).map((line) => line.message)).toEqual(['to ada@example.org, scheduled 2030'])
    // The store keeps what the schema takes in; the handler was given a Date.
    expect((await jobs.get(id, sendMail))?.payload.at).toBe('2030-01-01T06:00:00Z')
    expect(mail.bodies).toEqual([{ to: 'ada@example.org', subject: 'Welcome', at: '2030-01-01T06:00:00.000Z' }])

    worker.child.kill('SIGTERM')
    expect((await worker.ended).code).toBe(0)
    await mail.close()
  })

  it('12 · tests in virtual time › pass under node:test', async () => {
    const { code, stdout } = await new Running('12-tests-in-virtual-time', place()).ended
    expect([code, /(?:#|ℹ) pass (\d+)/.exec(stdout)?.[1]], stdout).toEqual([0, '2'])
  })
})

describe('6 · wait for a result in Express', () => {
  const post = (port: string, body: unknown): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/render`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  it('answers 200 with the result, 202 when it takes longer, 502 when the job ends otherwise, and ends gracefully', async () => {
    const folder = place()
    const app = new Running('06-wait-in-express', folder, { STORE_URL: `sqlite:${join(folder, 'pdf.db')}`, PORT: '0' })
    const port = (await app.said(/2 slots on .*port: (\d+)/s))[1] as string
    await using jobs = new JobQueue({ store: sqliteStore({ path: join(folder, 'pdf.db') }) })

    const quick = await post(port, { url: 'https://example.org/' })
    expect([quick.status, await quick.json()]).toEqual([200, { path: 'pdf/20.pdf' }])
    expect((await post(port, { url: 'no url' })).status).toBe(500) // PAYLOAD_INVALID: nothing was written

    await jobs.pause('default', { reason: 'so that nobody takes the next ones' })
    const late = await post(port, { url: 'https://example.org/late' })
    const { id } = (await late.json()) as { id: string }
    expect([late.status, (await jobs.get(id))?.state]).toEqual([202, 'queued'])

    const doomed = post(port, { url: 'https://example.org/doomed' })
    const isDoomed = async ({ jobId }: AuditEvent): Promise<boolean> => {
      const payload = (await jobs.get(jobId))?.payload
      return (payload as { url: string }).url === 'https://example.org/doomed'
    }
    await jobs.cancel(await met(jobs, isDoomed))
    expect([(await doomed).status, await (await doomed).json()]).toEqual([502, { state: 'cancelled' }])

    await jobs.resume('default')
    await met(jobs, (event) => event.jobId === id && event.type === 'leased')
    app.child.kill('SIGTERM')
    expect((await app.ended).code).toBe(0)
    const job = await jobs.get(id)
    expect([job?.state, job?.attempt]).toEqual(['succeeded', 1]) // what ran was finished within the grace
  })
})

/** The feed tells when it has happened: no guess at how long a request takes. */
async function met(
  jobs: Pick<JobQueue, 'feed'>,
  isIt: (event: AuditEvent) => boolean | Promise<boolean>,
): Promise<string> {
  for await (const event of jobs.feed()) if (await isIt(event)) return event.jobId
  throw new Error('the feed ended')
}
