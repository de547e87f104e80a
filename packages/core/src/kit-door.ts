/**
 * The door of `@stint/core/store`, for who writes a store: the kit (the rules that every store shares) and two bases to stand on. An
 * application needs none of it and loads none of it.
 */
export { BaseStore } from './base-store.js'
export type { Capabilities } from './capabilities.js'
export { admit, apply, beat, byClaimOrder, holds, take, type Written } from './kit.js'
export { comparePlaces, type Place, placeOf, type Table } from './table.js'
export { TableStore } from './table-store.js'
