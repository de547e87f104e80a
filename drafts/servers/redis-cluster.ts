/** Three Redis nodes on this machine that are one cluster. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { FoundServer } from './find.ts'
import { clusterNode, redis } from './redis.ts'
import { OwnServer } from './server.ts'

const SLOTS = 16_384
const NODES = 3
const JOIN_MS = 20_000

/** `url` names the first node; the others are found through it. null: there is no redis-server to be had. */
export async function startRedisCluster(): Promise<FoundServer | null> {
  const program = await redis.find()
  if (program === null) return null
  const nodes = await Promise.all(Array.from({ length: NODES }, () => OwnServer.start(clusterNode(program))))
  const [first] = nodes as [OwnServer]
  const stop = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    for (const [index, { port }] of nodes.entries()) {
      const slot = (n: number): string => String(Math.floor((n * SLOTS) / NODES))
      const to = String(Number(slot(index + 1)) - 1)
      await command(port, 'CLUSTER', 'ADDSLOTSRANGE', slot(index), to)
      // Distinct epochs at once: otherwise the nodes first have to settle who is who.
      await command(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    }
    for (const { port } of nodes.slice(1)) {
      const bus = port + 10_000 > 65_535 ? port - 10_000 : port + 10_000
      await command(first.port, 'CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus))
    }
    for (const { port } of nodes) await joined(port)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: first.url, source: `${first.source}, ${NODES} nodes`, own: first, stop }
}

async function joined(port: number): Promise<void> {
  for (const until = Date.now() + JOIN_MS; Date.now() < until; ) {
    const info = await command(port, 'CLUSTER', 'INFO')
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the node at port ${port} did not join the cluster within ${JOIN_MS / 1000} s`)
}

/** One command in Redis' own protocol: a test's set-up needs no driver. Answers with the raw reply. */
async function command(port: number, ...words: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.write(`*${words.length}\r\n${parts.join('')}`)
    const [reply] = (await once(socket, 'data')) as [Buffer]
    const text = reply.toString()
    if (text.startsWith('-')) throw new Error(`${words.join(' ')}: ${text.trim()}`)
    return text
  } finally {
    socket.destroy()
  }
}
