import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { OwnServer, type ServerProgram } from '../../scripts/servers/server.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { DEADLINE, isAboutJobs, UNHURRIED, type Way } from './engine.ts'

export interface Served {
  readonly server: OwnServer
  readonly proxy: TcpProxy
  /** Where to connect, and how long a call may take there: who looks past the wire has time. */
  at(way: Way): { readonly host: string; readonly deadline: string }
  stop(): Promise<void>
}

/** A private server and its wire. Its data lies in `folder`, which may be a disk of its own. */
export async function startServed(program: ServerProgram, folder: string): Promise<Served> {
  const data = join(folder, program.name)
  mkdirSync(data)
  if (program.as) chownSync(data, program.as.uid, program.as.gid)
  const server = await OwnServer.start({
    ...program,
    prepare: (_, port) => program.prepare?.(data, port),
    args: (_, port) => program.args(data, port),
  })
  const proxy = await TcpProxy.listen({ port: server.port, isAboutJobs })
  return {
    server,
    proxy,
    at: (way) =>
      way === 'past it'
        ? { host: `127.0.0.1:${server.port}`, deadline: UNHURRIED }
        : { host: `127.0.0.1:${proxy.port}`, deadline: DEADLINE },
    stop: async () => {
      await proxy.close()
      await server.stop()
    },
  }
}
