/** The lines of a case that asked for what did not hold: a stranger has no other way to see what exactly was asked. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** As deep as fixtures stand in each other. */
const DEEPEST = 4

/** Innermost first, each as it stands in the code that ran; empty where that cannot be read. */
export function placesIn(stack: string | undefined): string[] {
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !line.includes('node:'))
  // What runs the case ends it: from there on it is the same for all.
  const end = frames.findIndex((line) => /\b(play|runCase)\b/.test(line))
  const lines = frames.slice(0, end < 0 ? DEEPEST : Math.min(end, DEEPEST)).map(lineOf)
  return lines.filter((line) => line !== null)
}

function lineOf(frame: string): string | null {
  const [, file, line] = /\(?((?:file:\/\/)?\/[^()]*?|[A-Za-z]:\\[^()]*?):(\d+):\d+\)?$/.exec(frame) ?? []
  if (file === undefined || line === undefined) return null
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file
    return readFileSync(path, 'utf8').split('\n')[Number(line) - 1]?.trim() || null
  } catch {
    return null
  }
}
