/** A store's URL, of which some of the query is the store's and the rest the driver's. */
export interface StoreUrl {
  /** For the driver: without what is the store's. */
  readonly url: string
  /** Of the store's own, those that are there. */
  given(name: string): string | undefined
  /** Throws a `TypeError` where something else than `true` or `false` is given. */
  isYes(name: string): boolean | undefined
  /** NaN where it is no number: who settles the options refuses it. */
  number(name: string): number | undefined
}

/** Nothing else of the query is touched: drivers have their own words, and repeat some. */
export function splitStoreUrl(url: string, own: readonly string[]): StoreUrl {
  const at = url.indexOf('?')
  const [base, search] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
  const query = new URLSearchParams(search)
  const found = new Map(own.map((name) => [name, query.get(name) ?? undefined]))
  for (const name of own) query.delete(name)
  const rest = query.toString()
  const given = (name: string): string | undefined => found.get(name)
  return {
    url: rest === '' ? base : `${base}?${rest}`,
    given,
    isYes(name) {
      const value = given(name)
      if (value === undefined) return undefined
      if (value !== 'true' && value !== 'false') throw new TypeError(`${name}: expected true or false, got '${value}'`)
      return value === 'true'
    },
    number(name) {
      const value = given(name)
      return value === undefined ? undefined : Number(value)
    },
  }
}

/** A URL as it may be shown. */
export const withoutPassword = (url: string): string => url.replace(/(\/\/[^:/@]*):[^@]*@/, '$1:…@')
