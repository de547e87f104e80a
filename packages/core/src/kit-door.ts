/**
 * The door of `@stint/core/store`, for who writes a store: the kit (the rules that every store shares) and the bases to stand on:
 * `TableStore` on anything that runs a synchronous function atomically, `BaseStore` item by item, `LivingStore` for an engine's own `exchange`. An
 * application needs none of it and loads none of it.
 */
export { byAnswerOrder } from './answer-order.js'
export { BaseStore } from './base-store.js'
export { Budget } from './budget.js'
export { type Capabilities, NO_CAPABILITIES } from './capabilities.js'
export { admit, apply, beat, byClaimOrder, holds, take, type Written } from './kit.js'
export { Lingering } from './lingering.js'
export { LivingStore } from './living-store.js'
export { OwedHints } from './owed-hints.js'
export { aborted, storeFailures } from './store-failures.js'
export { splitStoreUrl, withoutPassword } from './store-url.js'
export { comparePlaces, type Place, type Positioned, placeOf, type Table } from './table.js'
export { TableStore } from './table-store.js'
export { isHeld, isTerminal, STATES } from './transitions.js'
