import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LocalServer {
  readonly url: string
  /** Bodies of the requests so far, as JSON. */
  readonly bodies: unknown[]
  close(): Promise<void>
}

/** Stands for the service that a program calls: answers each request with what `answer` makes of its body. */
export async function localServer(
  answer: (body: never) => { readonly status: number; readonly text?: string },
): Promise<LocalServer> {
  const bodies: unknown[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    request.on('end', () => {
      const body: unknown = JSON.parse(text)
      bodies.push(body)
      const { status, text: said = '' } = answer(body as never)
      response.writeHead(status).end(said)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}
