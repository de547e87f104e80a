import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TcpProxy } from '../tcp-proxy.ts'

let server: Server
let proxy: TcpProxy
/** What the server was asked, by connection. */
let asked: string[]
let arrived: { readonly bytes: number; readonly resolve: () => void } | null
const open = new Set<Socket>()

const total = (): number => asked.reduce((sum, text) => sum + text.length, 0)
const hasArrived = (bytes: number): Promise<void> =>
  new Promise((resolve) => {
    if (total() >= bytes) resolve()
    else arrived = { bytes, resolve }
  })

beforeEach(async () => {
  asked = []
  arrived = null
  server = createServer((socket) => {
    const n = asked.push('') - 1
    open.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      asked[n] += chunk.toString()
      if (arrived && total() >= arrived.bytes) arrived.resolve()
      socket.write(chunk.toString().toUpperCase())
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  proxy = await TcpProxy.listen({ port, isAboutJobs: (chunk) => chunk.includes('job') })
})

afterEach(async () => {
  for (const socket of open) socket.destroy()
  open.clear()
  await proxy.close()
  server.close()
})

interface Client {
  readonly socket: Socket
  readonly heard: () => string
  /** The next reply, or the end of the connection. */
  next(): Promise<'reply' | 'end'>
}

async function client(): Promise<Client> {
  const socket = connect(proxy.port, '127.0.0.1')
  open.add(socket)
  let heard = ''
  let isOver = false
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString()
  })
  socket.on('close', () => {
    isOver = true
  })
  await once(socket, 'connect')
  return {
    socket,
    heard: () => heard,
    next: () =>
      new Promise((resolve) => {
        if (isOver) return resolve('end')
        socket.once('data', () => resolve('reply'))
        socket.once('close', () => resolve('end'))
      }),
  }
}

async function asks(one: Client, text: string): Promise<'reply' | 'end'> {
  const next = one.next()
  one.socket.write(text)
  return next
}

describe('a cut', () => {
  test('before › the server hears nothing of it, and the client the end', async () => {
    const one = await client()
    void proxy.cut('before')
    expect(await asks(one, 'job 1')).toBe('end')
    expect(asked.join('')).toBe('')
    expect(proxy.met.before).toBe(1)
  })

  test('behind › the server has it all, and the client hears nothing but the end', async () => {
    const one = await client()
    void proxy.cut('behind')
    expect(await asks(one, 'job 1')).toBe('end')
    expect(asked).toEqual(['job 1'])
    expect(one.heard()).toBe('')
  })

  test('mid-request › the server has the first half', async () => {
    const one = await client()
    void proxy.cut('mid-request')
    expect(await asks(one, 'job one two')).toBe('end')
    await hasArrived(5)
    expect(asked).toEqual(['job o'])
  })

  test('mid-reply › the client has the first half', async () => {
    const one = await client()
    void proxy.cut('mid-reply')
    await asks(one, 'job one two')
    await one.next()
    expect(asked).toEqual(['job one two'])
    expect(one.heard()).toBe('JOB O')
  })

  test('meets only what is about jobs, and only once', async () => {
    const [one, other] = [await client(), await client()]
    const fired = proxy.cut('before')
    expect(await asks(one, 'hello')).toBe('reply')
    expect(await asks(other, 'job 1')).toBe('end')
    await fired
    expect(await asks(one, 'job 2')).toBe('reply')
    expect(proxy.met.before).toBe(1)
  })

  test('that was disarmed while the reply was on its way › does not fall', async () => {
    const one = await client()
    void proxy.cut('behind')
    const reply = asks(one, 'job 1')
    await hasArrived(5)
    proxy.disarm()
    expect(await reply).toBe('reply')
    expect(proxy.met.behind).toBe(0)
  })
})

describe('a black hole', () => {
  test('nothing arrives, nobody is told, new connections are as silent; what stood stays dead when it is over', async () => {
    const old = await client()
    await asks(old, 'job 1')
    proxy.blackHole()
    const during = await client()
    old.socket.write('job 2')
    during.socket.write('job 3')
    while (proxy.met.swallowed < 2) await new Promise((resolve) => setImmediate(resolve))
    proxy.heal()
    old.socket.write('job 4')
    const fresh = await client()
    expect(await asks(fresh, 'job 5')).toBe('reply')
    expect(asked).toEqual(['job 1', 'job 5'])
    expect([old.heard(), during.heard()]).toEqual(['JOB 1', ''])
    expect(old.socket.destroyed).toBe(false)
  })
})

describe('a delay', () => {
  test('keeps the order of bytes, also of those that come behind its end', async () => {
    const one = await client()
    await asks(one, '0')
    const delays = [40, 5]
    proxy.delay(() => delays.shift() ?? 0)
    for (const [n, text] of ['1', '2'].entries()) {
      one.socket.write(text)
      while (proxy.met.delayed <= n) await new Promise((resolve) => setImmediate(resolve))
    }
    proxy.heal()
    one.socket.write('3')
    await hasArrived(4)
    expect(asked).toEqual(['0123'])
  })
})
