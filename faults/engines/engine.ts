/** What a run needs to know of an engine, and can do to it. One file for each; scenarios know this file alone. */
import type { OwnServer } from '../../scripts/servers/server.ts'
import type { TcpProxy } from '../tcp-proxy.ts'

export interface Engine {
  readonly name: string
  /** What it promises of acknowledged writes after a kill -9, in words for the report. */
  readonly durability: string
  /** Whether due and expiry are judged by its clock; else by that of the process that asks. */
  readonly hasOwnClock: boolean
  /** A server of this run's own, and a wire before it. A string: why there is none. */
  start(options: StartOptions): Promise<Place | string>
  /** Why a fault cannot be brought about here; one that can has no entry. */
  readonly cannot: { readonly [fault in Fault]?: string }
}

/** What only some engines can suffer. */
export type Fault = 'wire' | 'server' | 'listeners' | 'full memory' | 'full disk' | 'busy file'

export type Way = 'over the wire' | 'past it'

export interface StartOptions {
  /** Keep the data here. */
  readonly folder: string
}

export interface Place {
  /** Where the program came from: `on PATH`. */
  readonly source: string
  readonly server: OwnServer | null
  readonly proxy: TcpProxy | null
  /** What `openStore` takes: over the wire that breaks, or past it. */
  url(space: string, way: Way): string
  /** Ends, at the server, the connections on which workers hear what others wrote. Answers how many those were. */
  dropListeners?(space: string): Promise<number>
  /** Leaves the engine no memory for another job, until the answer is called. */
  fillMemory?(): Promise<() => Promise<void>>
  /** Keeps every other writer of the space waiting, until the answer is called. */
  keepBusy?(space: string): Promise<() => Promise<void>>
  stop(): Promise<void>
}

/**
 * The longest time of a call in every process of a run. What was under way when a wire went silent is given up after it, so an application that
 * has to be back within five seconds has to ask for less than that; the default is 10 s.
 */
export const DEADLINE = '2s'
/** … and of who looks on from outside of the faults. */
export const UNHURRIED = '30s'

/** All ids and the lane of a run can be told from a driver's own words on the wire. */
export const ID_PREFIX = 'fj-'
export const LANE = 'faults.lane'
export const isAboutJobs = (chunk: Buffer): boolean => chunk.includes(ID_PREFIX) || chunk.includes(LANE)
