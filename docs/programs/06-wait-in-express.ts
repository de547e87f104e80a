import { setTimeout } from 'node:timers/promises'
import { defineJob, handle, isStintError, JobQueue, openStore } from '@stint/core'
import express from 'express'
import { z } from 'zod'

const render = defineJob({
  type: 'pdf.render',
  payload: z.object({ url: z.url() }),
  result: z.object({ path: z.string() }),
})
const jobs = new JobQueue({ store: openStore(process.env.STORE_URL ?? 'sqlite:jobs.db') })
const onRender = handle(render, async ({ payload }) => {
  await setTimeout(300) // the rendering
  return { path: `pdf/${payload.url.length}.pdf` }
})
const worker = jobs.work(onRender, { concurrency: 2 })

const app = express().use(express.json())
app.post('/render', async (req, res) => {
  const job = await jobs.enqueue(render, req.body)
  try {
    const { path } = await jobs.result(job, { timeout: '2s' })
    res.json({ path })
  } catch (error) {
    // Not yet, or we are about to stop: the job goes on.
    if (isStintError(error, 'WAIT_TIMEOUT') || isStintError(error, 'QUEUE_CLOSED'))
      return void res.status(202).json({ id: job.id })
    if (isStintError(error, 'JOB_NOT_SUCCEEDED')) return void res.status(502).json({ state: error.details.job.state })
    throw error
  }
})
const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, () => console.log(worker.concurrency, 'slots on', server.address()))
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => {
    server.close()
    void jobs.close({ grace: '20s' }) // finishes, or gives back without costing an attempt
  })
