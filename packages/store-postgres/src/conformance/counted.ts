import pg from 'pg'
import type { ClientClass } from '../connection.js'

/** What the connections of a class did since it was made: figures that no machine noise disturbs. */
export interface Counts {
  /** Messages that waited for an answer. */
  trips: number
  /** Of writes: by the word, or by a statement that commits by itself. */
  commits: number
}

/** A client with a tally of all that it is asked. */
export function countedClient(): { readonly counts: Readonly<Counts>; readonly Client: ClientClass } {
  const counts: Counts = { trips: 0, commits: 0 }
  class Counted extends pg.Client {
    #isInTx = false

    // biome-ignore lint/suspicious/noExplicitAny: one of the many forms of pg's own method.
    override query(...args: any[]): any {
      const [first] = args
      const text: string = typeof first === 'string' ? first : (first?.text ?? '')
      counts.trips++
      if (/^begin/.test(text)) this.#isInTx = true
      else if (/(^|; )commit$/.test(text)) {
        counts.commits++
        this.#isInTx = false
      } else if (text === 'rollback') this.#isInTx = false
      else if (!this.#isInTx && /\b(insert into|update|delete from)\b/.test(text)) counts.commits++
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      return (super.query as any)(...args)
    }
  }
  return { counts, Client: Counted }
}
