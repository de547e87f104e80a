/** Whose clock it is, and what it may do. */
import type { ClauseGroup } from './clause.js'

const clock: ClauseGroup = {
  title: 'Time',
  clauses: [
    {
      id: 'TIME-1',
      promise: 5,
      says: 'A call reads the clock once; every judgement and every instant in it is that one.',
      why: 'Else a job can be due and not due in one call.',
      look: 'each place that asks for the time: one reading at the beginning, handed down; in SQL one expression for all, since `clock_timestamp()` moves within a statement.',
    },
    {
      id: 'TIME-2',
      promise: 5,
      says: 'With the `clock` option every judgement and instant comes from it, on every engine, and nothing acts beside it.',
      why: 'Tests travel in time; a TTL or a default of the engine would live on in real time.',
      look: "what still asks the engine: `DEFAULT now()`, `TIME` in a script, `$$NOW`, EXPIRE or TTL indexes, triggers; the clock's reading has to be sent with each call and to replace them.",
    },
    {
      id: 'TIME-3',
      promise: 5,
      says: 'Instants are whole milliseconds, rounded down.',
      why: 'Order must be equal on all stores.',
      look: "the engine's own time: microseconds have to be cut (floor, not round) before they are stored or compared.",
    },
    {
      id: 'TIME-4',
      promise: 5,
      says: 'Due means `runAt` <= now; over means the end of the lease <= now.',
      why: 'A timer that fires at the very millisecond must find its job.',
      look: 'the comparison: `<` for `<=`, in the claim, the lists with `dueOnly` and `overOnly`, and the guard `leaseOver`.',
    },
    {
      id: 'TIME-5',
      promise: 3,
      says: "`updatedAt` and the times of a job's events never fall: they are the greater of now and the record's `updatedAt`. What `run` and `leaseMs` say is counted from now itself.",
      why: 'Clocks step back; a trail whose fifth event is older than its fourth is not believed.',
      look: 'every write of `updatedAt`, the beat too: max(now, updatedAt); the same value is the time of the event, of `startedAt` and of `finishedAt`.',
    },
    {
      id: 'TIME-6',
      promise: 5,
      says: "Durations are added in the store to its clock: a lease prolonged ends at now + `leaseMs`, not at its old end + `leaseMs`. No caller's clock reaches a record, but for what a user wrote as `at`.",
      why: 'Workers with clocks of their own share one store.',
      look: 'additions: to the now of the call, not to a stored instant; and dates that were computed in the process where the engine has its own clock.',
    },
    {
      id: 'TIME-7',
      promise: 5,
      says: '`now()` answers by that same clock.',
      why: 'Core plans its timers by it.',
      look: '`now`: with the option the given clock, else the one that judges due and over, in whole milliseconds.',
    },
  ],
}

export const time: readonly ClauseGroup[] = [clock]
