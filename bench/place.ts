import type { Loop } from './loop.ts'

/** Where a store is measured: an engine of our own, or one that the environment names. */
export interface Place {
  readonly engine: string
  /** Version, where it came from, and the settings that its figures hang on. */
  readonly facts: Readonly<Record<string, string>>
  /** The root of the engine's processes; null: not ours, or inside this process, so its CPU is not known apart. */
  readonly pid: number | null
  /** The URL of a store of this name, empty at first. Names: letters and digits. */
  url(name: string): string
  /** Whether another process may work on the same data. */
  readonly isShared: boolean
  /** The same work by bare statements, on data of this name; null: there is nothing below the store. */
  raw(name: string): Promise<Loop> | null
  /** Bytes that the store of this name takes; null: not known. */
  bytes(name: string): Promise<number | null>
  stop(): Promise<void>
}
