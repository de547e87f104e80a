/** The public part of the seam (seam.ts): what tells time and when to wake. A test or a simulation may own it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs once, `ms` from now. Answers the function that cancels. */
  after(ms: number, run: () => void): () => void
}
