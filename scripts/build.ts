/** `turbo run build`, silent when it works: a newcomer's first command shows the program, not its making. With --loud: turbo's own report. */
import { spawnSync } from 'node:child_process'
import { root } from './root.ts'

const isLoud = process.argv.includes('--loud')
const turbo = spawnSync(
  'turbo',
  ['run', 'build', '--no-update-notifier', '--ui=stream', `--output-logs=${isLoud ? 'new-only' : 'errors-only'}`],
  {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
    stdio: ['ignore', isLoud ? 'inherit' : 'pipe', isLoud ? 'inherit' : 'pipe'],
  },
)
if (turbo.error)
  throw new Error('turbo could not be started: run `npm ci` first, and this by `npm run build`', { cause: turbo.error })
if (turbo.status !== 0) {
  if (!isLoud) process.stderr.write(`${turbo.stdout}${turbo.stderr}`)
  console.error('The build failed; see above. `npm run build` shows all of it.')
  process.exit(turbo.status ?? 1)
}
