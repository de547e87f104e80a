// Imported by both processes: a contract without handler or connection.
import { defineJob } from '@stint/core'
import { z } from 'zod'

export const sendMail = defineJob({
  type: 'mail.send',
  payload: z.object({
    to: z.email(),
    subject: z.string(),
    at: z.iso
      .datetime()
      .transform((text) => new Date(text))
      .optional(),
  }),
  result: z.object({ messageId: z.string() }),
  queue: 'mail',
})
