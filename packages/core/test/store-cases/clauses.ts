/** Every clause of the contract, in its order. A case that names none of them, or another, is a mistake; so is a clause without a case. */
const COUNTS = {
  ATOM: 5,
  GUARD: 4,
  FENCE: 5,
  CLAIM: 7,
  ORDER: 4,
  TIME: 7,
  IDEM: 3,
  UNIQ: 5,
  EVENT: 4,
  FEED: 5,
  READ: 2,
  LIST: 5,
  COUNT: 2,
  PAUSE: 1,
  SET: 2,
  REMOVE: 3,
  DATA: 4,
  BATCH: 3,
  TX: 3,
  OPEN: 4,
  CLOSE: 1,
  FAULT: 4,
  HINT: 1,
  RESTORE: 1,
} as const

export const CLAUSES: readonly string[] = Object.entries(COUNTS).flatMap(([chapter, count]) =>
  Array.from({ length: count }, (_, index) => `${chapter}-${index + 1}`),
)
