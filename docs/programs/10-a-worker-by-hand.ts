// What an HTTP adapter and lease services are made of. One given job: `ids: [id]`.
import { isStintError, JobQueue, openStore } from '@stint/core'

await using jobs = new JobQueue({ store: openStore(process.env.STORE_URL ?? 'sqlite:jobs.db') })

const [lease] = await jobs.claim({
  workerId: 'gpu-7',
  queues: ['render'],
  types: ['frame'],
  lease: '5m',
  wait: '20s',
})
if (lease) {
  const beat = setInterval(() => void lease.heartbeat({ progress: 50 }), 60_000)
  try {
    await lease.log(`attempt ${lease.attempt}, fence ${lease.fence}`)
    await lease.succeed({ path: '/frames/1.png' })
  } catch (error) {
    if (isStintError(error, 'LEASE_LOST'))
      console.warn('stop:', error.details.why) // cancelled, taken_over, settled
    else await lease.fail(error, { retry: '1m' })
  } finally {
    clearInterval(beat)
  }
}

// Over a wire the lease is two strings; the verbs are had again from them, in any process.
const [given] = await jobs.claim({ workerId: 'studio-1', ids: ['frame-2'], lease: '5m' }) // [] when somebody else has it
if (given) await jobs.lease(given.jobId, given.token).heartbeat() // or .release() .succeed() .fail() .snooze()
const held = await jobs.leaseOf('frame-2', 'studio-1') // protocols that know the worker by name only
await held?.succeed({ ok: true })
