import { type Command, Redis } from 'ioredis'
import type { ClientClass } from '../connection.js'

/** What the connections of a class did since it was made: figures that no machine noise disturbs. */
export interface Counts {
  /** Commands that waited for an answer. */
  trips: number
  /** Scripts that may write: each is one commit. */
  commits: number
}

export interface Standing {
  /** As the server knows it where nothing translates between. */
  readonly address: string
  destroy(): void
}

export interface Counted {
  readonly counts: Readonly<Counts>
  readonly Client: ClientClass
  /** Those that stand. */
  connectionsOf(connectionName: string): Standing[]
}

/** A client with a tally of all that it is asked. */
export function countedClient(): Counted {
  const counts: Counts = { trips: 0, commits: 0 }
  const standing = new Set<Redis>()
  class CountedRedis extends Redis {
    // biome-ignore lint/suspicious/noExplicitAny: one of the many forms of the driver's own.
    constructor(...args: any[]) {
      super(...(args as []))
      this.on('ready', () => void standing.add(this))
      this.on('close', () => void standing.delete(this))
    }

    // biome-ignore lint/suspicious/noExplicitAny: as the driver declares it.
    override sendCommand(command: Command, stream?: any): unknown {
      counts.trips++
      if (/^eval(sha)?$/i.test(command.name)) counts.commits++
      return super.sendCommand(command, stream)
    }
  }
  return {
    counts,
    Client: CountedRedis as unknown as ClientClass,
    connectionsOf: (name) =>
      [...standing]
        .filter(({ options }) => options.connectionName === name)
        .map(({ stream }) => ({
          address: 'localPort' in stream ? `${stream.localAddress}:${stream.localPort}` : '',
          destroy: () => void stream.resetAndDestroy(),
        })),
  }
}
