import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { OwnServer, type ServerProgram } from '../../scripts/servers/server.ts'
import { TcpProxy } from '../tcp-proxy.ts'
import { isAboutJobs } from './engine.ts'

/** A private server and its wire. Its data lies in `folder`, which may be a disk of its own. */
export async function startServed(
  program: ServerProgram,
  folder: string,
): Promise<{ server: OwnServer; proxy: TcpProxy; stop: () => Promise<void> }> {
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
    stop: async () => {
      await proxy.close()
      await server.stop()
    },
  }
}
