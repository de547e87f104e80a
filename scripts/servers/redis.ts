/** Redis: `redis-server` on PATH, else Debian's package where apt and root are there. */
import { installedByApt } from './apt.ts'
import type { Search } from './find.ts'
import { programOnPath } from './programs-on-path.ts'
import type { ServerProgram } from './server.ts'

export const redis: Search = {
  env: 'REDIS_URL',
  install: 'Install redis-server (7 or newer) so that it is on PATH, or give REDIS_URL.',
  find: async () => {
    const found = programOnPath('redis-server')
    if (found !== null) return program(found, 'on PATH')
    const isInstalled = (await installedByApt('redis-server')) && programOnPath('redis-server') !== null
    return isInstalled ? program('redis-server', "from the system's packages") : null
  },
}

const program = (command: string, source: string): ServerProgram => ({
  name: 'redis',
  source,
  command,
  args: (folder, port) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'],
  ],
  ready: /Ready to accept connections/,
  url: (port) => `redis://127.0.0.1:${port}`,
})

/** One node of a cluster; whoever starts three of them joins them. */
export const clusterNode = (alone: ServerProgram): ServerProgram => ({
  ...alone,
  name: 'redis-cluster',
  args: (folder, port) => [
    ...alone.args(folder, port),
    ...['--cluster-enabled', 'yes', '--cluster-port', String(port + 10_000 > 65_535 ? port - 10_000 : port + 10_000)],
    ...['--cluster-node-timeout', '2000'],
  ],
})
