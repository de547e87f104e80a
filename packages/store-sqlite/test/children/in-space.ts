/** Another process of the suite: makes the options as `engine.processes` says, opens the space, and reads what is there. */
import type { ConformanceOptions } from '@stint/core/conformance'

const [module = '', args = '', space = '', id = ''] = process.argv.slice(2)
const { conformance } = (await import(module)) as { conformance(...args: unknown[]): ConformanceOptions }
await using store = await conformance(...(JSON.parse(args) as unknown[])).store(space, {})
await store.open()
process.send?.((await store.get([id]))[0]?.payload ?? null)
process.disconnect()
