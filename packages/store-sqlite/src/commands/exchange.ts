import type { Batch, BatchResult } from '@stint/core'
import { beat, change } from './change.js'
import { claim } from './claim.js'
import { insert } from './insert.js'
import type { Step } from './step.js'

export function exchange(step: Step, { inserts = [], changes = [], beats = [], claims = [] }: Batch): BatchResult {
  return {
    inserts: inserts.map((one) => insert(step, one)),
    changes: changes.map((one) => change(step, one)),
    beats: beats.map((one) => beat(step, one)),
    claims: claims.map((one) => claim(step, one)),
  }
}
