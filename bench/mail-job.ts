import { defineJob, type EnqueueItem, unchecked } from '@stint/core'
import { PAYLOAD, TYPE } from './loop.ts'

/** The job of the measurements that go through the public API. */
export const mail = defineJob({ type: TYPE, payload: unchecked<unknown>() })

export const payload: unknown = JSON.parse(PAYLOAD)

export const mails = (count: number): EnqueueItem<typeof mail>[] =>
  Array.from({ length: count }, () => ({ job: mail, payload }))
