/** A server for tests: the one that the environment names, else one of our own, else a loud word, which is a failure in CI. */
import type { Scratch } from './scratch.ts'
import { OwnServer, type ServerProgram } from './server.ts'

export interface Search {
  /** The variable that names a server which is there already. */
  readonly env: string
  readonly find: () => Promise<ServerProgram | null>
  /** How to get one, in a line. */
  readonly install: string
}

export interface FoundServer {
  readonly url: string
  readonly source: string
  /** null: it is somebody's, so nobody here stops or kills it. */
  readonly own: OwnServer | null
  stop(): Promise<void>
}

/** One of our own, whatever the environment names: for who stops and kills it. Rejects where there is none. */
export async function startOwn(name: string, { find, install }: Search): Promise<OwnServer> {
  const program = await find()
  if (program === null) throw new Error(`${name}: these tests need a server of their own. ${install}`)
  return OwnServer.start(program, 'memory')
}

/** null: it cannot be had here, which was said aloud. In CI that is an error. `on`: where the data of one of our own lie. */
export async function findServer(
  name: string,
  { env, find, install }: Search,
  on: Scratch = 'memory',
): Promise<FoundServer | null> {
  const given = process.env[env]
  if (given) return { url: given, source: `given by ${env}`, own: null, stop: async () => {} }
  const program = await find()
  if (program !== null) {
    const own = await OwnServer.start(program, on)
    return { url: own.url, source: own.source, own, stop: () => own.stop() }
  }
  const message = `${name}: there is no server for the tests here. ${install}`
  if (process.env.CI === 'true') throw new Error(message)
  process.stderr.write(`\n*** SKIPPED *** ${message}\n\n`)
  return null
}
