/** `npm run test:store -- NAME [vitest's arguments]`: the tests of one store. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { root } from './root.ts'

const STORES = readdirSync(`${root}packages`)
  .filter((name) => name.startsWith('store-') && existsSync(`${root}packages/${name}/package.json`))
  .map((name) => name.slice('store-'.length))

const [name = '', ...args] = process.argv.slice(2)
if (!STORES.includes(name)) {
  console.error(`expected the name of a store, one of ${STORES.join(', ')}; got ${name === '' ? 'none' : name}`)
  process.exit(2)
}
const { status, error } = spawnSync('vitest', ['run', '--project', `store-${name}`, ...args], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
if (error)
  throw new Error('vitest could not be started: run this by `npm run test:store`, after `npm ci`', { cause: error })
process.exit(status ?? 1)
