import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createProgress } from '../src/progress.js'

function streamOf(isTTY: boolean): { stream: NodeJS.WriteStream; written: () => string } {
  let written = ''
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 })
  stream.on('data', (chunk: Buffer) => {
    written += chunk.toString()
  })
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => written }
}

describe('progress', () => {
  it('is a bar on a terminal, and the cursor comes back at the end', () => {
    const { stream, written } = streamOf(true)
    const progress = createProgress(stream, false)
    progress.start(0, 4)
    progress.show(1, 4)
    progress.show(3, 4)
    progress.end()
    expect(written()).toMatch(/█+░+ 75 % {2}3 of 4 jobs/)
    expect(written()).toContain('\x1B[?25h')
  })

  it.each([
    ['elsewhere', false, false],
    ['on a terminal that shall stay plain', true, true],
  ])('%s is a line for each tenth, from where an earlier run stopped', (_, isTTY, isPlain) => {
    const { stream, written } = streamOf(isTTY)
    const progress = createProgress(stream, isPlain)
    progress.start(5, 40)
    for (let done = 0; done <= 40; done++) progress.show(done, 40)
    progress.end()
    expect(written()).toBe(
      [8, 12, 16, 20, 24, 28, 32, 36, 40].map((n) => `${String(n * 2.5).padStart(3)} %  ${n} of 40 jobs\n`).join(''),
    )
  })
})
