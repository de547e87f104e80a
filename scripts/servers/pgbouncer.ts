/** PgBouncer in transaction mode before a Postgres: on PATH (or where Debian keeps it), else Debian's package where apt and root are there. */
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installedByApt } from './apt.ts'
import type { Search } from './find.ts'
import { whomToBe } from './postgres.ts'
import { programOnPath } from './programs-on-path.ts'
import type { ServerProgram } from './server.ts'

/** So few that transactions of many clients take turns on each connection of the server. */
const POOL_SIZE = 8

/** Before the Postgres of this URL, whose user and database it serves to everybody. `more`: further lines of its settings. */
export const pgbouncerBefore = (url: string, more = ''): Search => ({
  env: 'PGBOUNCER_URL',
  install: 'Install pgbouncer so that it is on PATH, or give PGBOUNCER_URL (in transaction mode).',
  find: async () => {
    const command = found() ?? ((await installedByApt('pgbouncer')) ? found() : null)
    return command === null ? null : program(command, new URL(url), more)
  },
})

const found = (): string | null => programOnPath('pgbouncer', ['/usr/sbin', '/usr/local/sbin'])

function program(command: string, server: URL, more: string): ServerProgram {
  const as = whomToBe()
  const database = server.pathname.slice(1)
  return {
    name: 'pgbouncer',
    source: 'transaction mode',
    command,
    as,
    prepare: (folder, port) => {
      const path = join(folder, 'pgbouncer.ini')
      writeFileSync(path, `${settings(server, port)}${more}\n`, { mode: 0o600 })
      if (as) chownSync(path, as.uid, as.gid)
    },
    args: (folder) => [join(folder, 'pgbouncer.ini')],
    ready: /process up/,
    // What the gentler signals mean differs between its versions, and it has nothing to lose.
    end: 'SIGKILL',
    url: (port) => `postgres://${server.username}@127.0.0.1:${port}/${database}`,
  }
}

const settings = ({ hostname, port, username, password }: URL, own: number): string => `[databases]
* = host=${hostname} port=${port || 5432} user=${decodeURIComponent(username)}${password && ` password=${decodeURIComponent(password)}`}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${POOL_SIZE}
max_client_conn = 1000
server_tls_sslmode = prefer
`
