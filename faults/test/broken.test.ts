/** The runner itself is proven here: on a store that is broken in a known way, the scenario that is meant to find it fails and says why. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { redis } from '../../scripts/servers/redis.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const RUN_MS = 90_000

async function faults(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const program = ['--no-warnings', '--import', './scripts/with-sources.mjs', 'faults/main.ts']
  const child = spawn(process.execPath, [...program, ...args, '--seed', '3', '--seconds', '1.5'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // What the runner reports in CI is not this.
    env: { ...process.env, FAULTS_REPORT: '' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

describe.concurrent('a store that', () => {
  test(
    'ends a job for whoever says so › is found by a worker that was stopped past its lease [FENCE-1]',
    async () => {
      const { code, output } = await faults('sqlite', '--only', 'worker-stopped', '--break', 'settles-without-token')
      expect(code, output).toBe(1)
      expect(output).toMatch(
        /ATOM-1: the success of .* was accepted, and is not told|FENCE-1: two runs of|no handler came/,
      )
    },
    RUN_MS,
  )

  test(
    'acknowledges before it has written › is found by a file that another program keeps [READ-1]',
    async () => {
      const { code, output } = await faults('sqlite', '--only', 'busy-file', '--break', 'acknowledges-before-commit')
      expect(code, output).toBe(1)
      expect(output).toMatch(/READ-1: the job .* was acknowledged, and is lost/)
    },
    RUN_MS,
  )

  test(
    'expires a lease that was expired › is found by two sweeps at once [GUARD-1]',
    async () => {
      const { code, output } = await faults('sqlite', '--only', 'two-sweeps', '--break', 'expires-twice')
      expect(code, output).toBe(1)
      expect(output).toMatch(/two sweeps at once expired \d+ and \d+ of 30 leases/)
    },
    RUN_MS,
  )

  test(
    'asks the clock of its worker › is found by clocks that are ten minutes off [TIME-1]',
    async (context) => {
      if ((await redis.find()) === null) {
        if (process.env.CI === 'true') throw new Error(redis.install)
        return context.skip(redis.install)
      }
      const { code, output } = await faults('redis', '--only', 'wrong-clocks', '--break', 'expires-by-own-clock')
      expect(code, output).toBe(1)
      expect(output).toMatch(/\d+ leases were taken from workers that lived/)
    },
    RUN_MS,
  )

  test(
    'is whole › passes what finds the others',
    async () => {
      const { code, output } = await faults('sqlite', '--only', 'worker-stopped', '--only', 'two-sweeps')
      expect(code, output).toBe(0)
      expect(output).toMatch(/faults on sqlite: 2 passed, 0 failed, 0 skipped/)
    },
    RUN_MS,
  )
})

test(
  'nothing that could be tried › is no success',
  async () => {
    const { code, output } = await faults('sqlite', '--only', 'black-hole')
    expect(code, output).toBe(2)
    expect(output).toMatch(/skipped black-hole +SQLite is a file: there is no wire/)
  },
  RUN_MS,
)
