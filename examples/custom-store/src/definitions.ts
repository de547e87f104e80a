import { defineJob, unchecked } from '@stint/core'

export const countWords = defineJob({
  type: 'words.count',
  payload: unchecked<{ text: string }>(),
  result: unchecked<{ words: number; pid: number }>(),
})
