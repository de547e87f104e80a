/**
 * Writes docs/state-machine.md from the table that the code itself goes by (packages/core/src/transitions.ts), so the page cannot say anything
 * else. `node scripts/state-machine-doc.ts` writes it; with --check it only fails when the page is not what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import {
  type By,
  type Command,
  isTerminal,
  STATES,
  TRANSITIONS,
  type Transition,
} from '../packages/core/src/transitions.ts'
import { root } from './root.ts'

const PAGE = 'docs/state-machine.md'

type State = (typeof STATES)[number]

const MEANING: Readonly<Record<State, string>> = {
  waiting: 'not claimable; a tracked job before its start',
  queued: 'to be claimed, now or when its `runAt` has come',
  leased: 'claimed, not begun: a pulled lease, or a prefetched job',
  running: 'begun; of a tracked job: begun by whoever does the work',
  succeeded: 'ended well',
  failed: 'given up by decision: an error that is not retried',
  dead: 'given up because the budget was used up; `redrive` puts it back',
  cancelled: 'ended from outside',
}

const WHO: Readonly<Record<By, string>> = {
  producer: 'producer',
  worker: 'worker',
  holder: 'holder of the lease',
  sweep: 'anybody, once the lease is over',
  anyone: 'anyone with the id',
  operator: 'operator',
  tracker: 'anyone with the id, while the job has no lease',
}

/** What the table cannot say: the condition, and the effect on budget and place. A command without a line here does not compile. */
const NOTE: Readonly<Record<Command, string>> = {
  enqueue: '`attempt` 0',
  track: 'never claimed',
  claim:
    'due, and the lane not paused; `attempt` + 1, a new token, the fence is the new version. A worker in this process claims into `running`, a pulled lease is `leased`',
  start: '`startedAt`',
  heartbeat: 'the lease ends later; the event only where the lane asks for it (`auditHeartbeats`)',
  progress: 'the event only where the lane asks for it (`auditHeartbeats`)',
  succeed: 'keeps the result',
  fail: 'again after the backoff or the time the failure names; `failed` when not retryable; `dead` when `attempt` = `maxAttempts`',
  snooze: 'due at the given time; `attempt` − 1; `dead` when its history is full',
  release: 'keeps its place in line; `attempt` − 1; `dead` when its history is full',
  expire: 'keeps its place in line; the attempt counts; `dead` when the budget is used up or its history is full',
  cancel: 'the token dies in the same step; a handler hears it by its signal',
  retry: '`attempt` 0, due now; refused for tracked jobs, and when its unique key is held by another job',
  reschedule: 'another `runAt`',
  reprioritise: 'another priority',
  edit: "an enqueue with `ifExists: 'replace'`: payload, due time, priority, tags, policy and meta",
  trackStart: '`startedAt`',
  trackProgress: 'always with its event: only a token writes without one',
  trackSucceed: 'keeps the result',
  trackFail: 'no retry: nobody would claim it',
}

const steps = Object.entries(TRANSITIONS) as [Command, Transition][]

/** One arrow for each pair of states, labelled by all commands that go that way. */
function diagram(): string {
  const arrows = new Map<string, string[]>()
  for (const [command, { from, to }] of steps) {
    for (const start of from.length === 0 ? ['[*]'] : from) {
      for (const end of to) {
        if (end === 'same') continue
        const arrow = `${start} --> ${end}`
        arrows.set(arrow, [...(arrows.get(arrow) ?? []), command])
      }
    }
  }
  const ends = STATES.filter(isTerminal).map((state) => `${state} --> [*]`)
  return ['stateDiagram-v2', ...[...arrows].map(([arrow, commands]) => `${arrow}: ${commands.join(', ')}`), ...ends]
    .map((line, i) => (i === 0 ? line : `  ${line}`))
    .join('\n')
}

const stateRows = (): string =>
  STATES.map((state) => `| \`${state}\` | ${isTerminal(state) ? 'yes' : ''} | ${MEANING[state]} |`).join('\n')

function commandRows(): string {
  const names = (states: readonly string[]): string => states.map((state) => `\`${state}\``).join(', ')
  return steps
    .map(([command, { by, from, to, event }]) => {
      const target = names(to).replace('`same`', 'the same')
      return `| ${command} | ${WHO[by]} | ${names(from) || '–'} | ${target} | \`${event}\` | ${NOTE[command]} |`
    })
    .join('\n')
}

const page = `<!-- Written by scripts/state-machine-doc.ts from packages/core/src/transitions.ts. Change those, then run: node scripts/state-machine-doc.ts -->

# State machine

| state | over | |
|---|---|---|
${stateRows()}

What is over stays over, except by \`retry\` (and \`redrive\`, which is \`retry\` for many).

\`\`\`mermaid
${diagram()}
\`\`\`

## Commands

Each is one guarded write with one audit event, or it is refused and changes nothing (\`WRONG_STATE\`, or \`LEASE_LOST\` under a token).

| command | who | from | to | event | |
|---|---|---|---|---|---|
${commandRows()}

## Rules

- **The token is the only judge of a lease.** A lease whose time is over may be taken over. Until somebody has done so (an expire, a cancel), its
  holder may still prolong it and settle under it: no clock refuses honest work.
- **Exactly one wins.** Cancel against settle, expire against settle: one is written, the other is refused and told why.
- **A repeat is answered as the first time.** A settle that is sent again with the same token and outcome is answered as it was; with another outcome
  it is \`LEASE_LOST\`.
- **A claim never hands out a lease that is over.** A claim that comes back short first expires what is over (an event and a budget of its own), then
  claims once more in the same call.
- **A history has an end.** A job that would go round once more with 9,990 events or more ends \`dead\`, reason \`history-full\`.
- **Order** within a lane, over all types asked for together: priority (higher first), then \`runAt\`, then id. Between lanes there is none.
`

const current = ((): string | null => {
  try {
    return readFileSync(`${root}${PAGE}`, 'utf8')
  } catch {
    return null
  }
})()

if (current === page) console.log(`${PAGE} is what packages/core/src/transitions.ts says`)
else if (process.argv.includes('--check')) {
  console.error(
    `${PAGE} ${current === null ? 'is not there' : 'is stale'}: packages/core/src/transitions.ts says otherwise. Run: node scripts/state-machine-doc.ts (by \`npx\`, so that it is this repository's Node)`,
  )
  process.exit(1)
} else {
  writeFileSync(`${root}${PAGE}`, page)
  console.log(`wrote ${PAGE}`)
}
