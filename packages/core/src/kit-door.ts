/** The door of `@stint/core/store`: the rules that every store shares. */
export { admit, apply, beat, byClaimOrder, holds, take, type Written } from './kit.js'
