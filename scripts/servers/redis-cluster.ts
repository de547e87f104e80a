/** Three Redis nodes on this machine that are one cluster. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { FoundServer } from './find.ts'
import { clusterNode, redis } from './redis.ts'
import { OwnServer } from './server.ts'

const SLOTS = 16_384
const NODES = 3
const JOIN_MS = 20_000

export interface RedisCluster extends FoundServer {
  readonly own: OwnServer
  /** The three, each with a third of the slots, in their order. */
  readonly primaries: readonly OwnServer[]
  /** Of the primary at the same place; empty unless asked for. */
  readonly replicas: readonly OwnServer[]
}

/** `url` names the first node; the others are found through it. null: there is no redis-server to be had. */
export async function startRedisCluster({ withReplicas = false } = {}): Promise<RedisCluster | null> {
  const program = await redis.find()
  if (program === null) return null
  const count = withReplicas ? 2 * NODES : NODES
  const all = await Promise.all(Array.from({ length: count }, () => OwnServer.start(clusterNode(program), 'memory')))
  const nodes = all.slice(0, NODES)
  const replicas = all.slice(NODES)
  const [first] = nodes as [OwnServer]
  const stop = async (): Promise<void> => void (await Promise.all(all.map((node) => node.stop())))
  try {
    for (const [index, { port }] of nodes.entries()) {
      const slot = (n: number): string => String(Math.floor((n * SLOTS) / NODES))
      const to = String(Number(slot(index + 1)) - 1)
      await command(port, 'CLUSTER', 'ADDSLOTSRANGE', slot(index), to)
      // Distinct epochs at once: otherwise the nodes first have to settle who is who.
      await command(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    }
    for (const { port } of all.slice(1)) {
      const bus = port + 10_000 > 65_535 ? port - 10_000 : port + 10_000
      await command(first.port, 'CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus))
    }
    for (const { port } of all) await joined(port, count)
    for (const [index, { port }] of replicas.entries())
      await command(port, 'CLUSTER', 'REPLICATE', await command(nodes[index]?.port ?? 0, 'CLUSTER', 'MYID'))
    for (const { port } of replicas) await until(port, 'INFO', ['master_link_status:up'])
  } catch (error) {
    await stop()
    throw error
  }
  return { url: first.url, source: `${first.source}, ${count} nodes`, own: first, primaries: nodes, replicas, stop }
}

const joined = (port: number, count: number): Promise<void> =>
  until(port, 'CLUSTER INFO', ['cluster_state:ok', `cluster_known_nodes:${count}`])

async function until(port: number, asked: string, said: readonly string[]): Promise<void> {
  for (const end = Date.now() + JOIN_MS; Date.now() < end; ) {
    const info = await command(port, ...asked.split(' '))
    if (said.every((text) => info.includes(text))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the node at port ${port} did not say ${said.join(' and ')} within ${JOIN_MS / 1000} s`)
}

/** One command in Redis' own protocol: a test's set-up needs no driver. Answers with the text of the reply. */
async function command(port: number, ...words: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.write(`*${words.length}\r\n${parts.join('')}`)
    const [reply] = (await once(socket, 'data')) as [Buffer]
    const text = reply.toString()
    if (text.startsWith('-')) throw new Error(`${words.join(' ')}: ${text.trim()}`)
    return text.replace(/^\$\d+\r\n/, '').trimEnd()
  } finally {
    socket.destroy()
  }
}
