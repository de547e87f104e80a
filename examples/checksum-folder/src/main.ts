import { isStintError } from '@stint/core'
import { readOptions, USAGE } from './options.js'
import { runFolder } from './run.js'
import { CannotStart, describe } from './trouble.js'

/** Answers the exit code; whatever goes wrong is a line, never a stack trace. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (options !== null) return await runFolder(options)
    console.log(USAGE)
    return 0
  } catch (error) {
    console.error(describe(error))
    if (error instanceof CannotStart) return 2
    if (isStintError(error))
      console.error('Nothing that was acknowledged is lost: the same command goes on from there.')
    return 1
  }
}

// A reader that has seen enough (`| head`) is no failure, and there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await main(process.argv.slice(2))
