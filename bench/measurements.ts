import type { Context } from './context.ts'
import type { Figure } from './figures.ts'
import { drain } from './measure/drain.ts'
import { enqueueCrowd } from './measure/enqueue-crowd.ts'
import { enqueueOne } from './measure/enqueue-one.ts'
import { enqueueThousands } from './measure/enqueue-thousands.ts'
import { exchange } from './measure/exchange.ts'
import { pickup } from './measure/pickup.ts'
import { steady } from './measure/steady.ts'

/** By the name that `--only` takes, in the order in which they run. */
export const MEASUREMENTS: Readonly<Record<string, (context: Context) => Promise<Figure[]>>> = {
  'enqueue-one': enqueueOne,
  'enqueue-crowd': enqueueCrowd,
  'enqueue-thousands': enqueueThousands,
  exchange,
  drain,
  pickup,
  steady,
}
