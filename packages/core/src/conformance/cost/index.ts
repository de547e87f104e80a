/** The cost sheet, for the command line and the door. */
export type { Costs, Counted } from './counters.js'
export { type CostReport, type CostRow, measureCost } from './measure.js'
export { costText } from './text.js'
