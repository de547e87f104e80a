/** The store that is named on the command line, as the suite wants it. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { importAdapter, schemeOf } from '../../adapter-packages.js'
import { isStintError } from '../../errors.js'
import { memoryOptions } from '../memory-options.js'
import type { ConformanceOptions } from '../options.js'
import type { Arguments } from './arguments.js'
import { Misuse } from './misuse.js'

export async function optionsOf(given: Arguments): Promise<ConformanceOptions> {
  const options = given.store === null ? await fromModule(given) : await fromUrl(given.store)
  // Field by field: what came may be an object of a class, whose methods no spread finds.
  return {
    name: options.name,
    store: (space, storeOptions) => options.store(space, storeOptions),
    destroy: (space) => options.destroy?.(space),
    only: given.only ?? options.only,
    runs: given.runs ?? options.runs,
    seed: given.seed ?? options.seed,
    crowd: given.crowd ?? options.crowd,
    caseMs: given.caseMs ?? options.caseMs,
    engine: options.engine,
  }
}

async function fromUrl(url: string): Promise<ConformanceOptions> {
  const scheme = schemeOf(url)
  if (scheme === null) throw new Misuse(`--store: expected a URL such as memory: or sqlite:jobs.db, got '${url}'`)
  if (scheme === 'memory') return memoryOptions
  const from = `the package of "${scheme}:" URLs`
  const found = await importAdapter(scheme, '/conformance').catch((error: unknown) => {
    if (isStintError(error, 'ADAPTER_MISSING'))
      throw new Misuse(`--store: ${error.message}\nA store of your own is tried by --module FILE.`)
    if (codeOf(error) === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
      throw new Misuse(`--store: ${from} is installed here without its subpath /conformance: bring it up to date.`)
    throw error
  })
  return checked(from, 'conformance', await made(exportOf(from, found, 'conformance'), [url]))
}

async function fromModule({ module, export: name }: Arguments): Promise<ConformanceOptions> {
  const path = module ?? ''
  return checked(path, name, await made(exportOf(path, await imported(path), name), []))
}

async function imported(path: string): Promise<unknown> {
  const file = resolve(path)
  if (existsSync(file)) return import(pathToFileURL(file).href)
  if (path.startsWith('.') || isAbsolute(path) || path === '') throw new Misuse(`--module: there is no file ${file}`)
  try {
    return await import(pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve(path)).href)
  } catch (error) {
    const isMissing = codeOf(error) === 'MODULE_NOT_FOUND' && String(error).includes(`'${path}'`)
    if (isMissing) throw new Misuse(`--module: there is no file ${file}, and no package ${path} is installed here`)
    throw error
  }
}

const codeOf = (error: unknown): unknown => (typeof error === 'object' && error && 'code' in error ? error.code : null)

const WANTED =
  'a ConformanceOptions, { store: (space, options) => Store, destroy?: (space) => … }, or a function that gives one'

/** By name, also where a CommonJS module has it in its default. */
function exportOf(from: string, module: unknown, name: string): unknown {
  const own = entriesOf(module)
  const value = own[name] ?? entriesOf(own['default'])[name]
  if (value !== undefined) return value
  const others = Object.keys(own).join(', ') || 'none'
  throw new Misuse(`${from} has no export ${name}: expected ${WANTED}; its exports: ${others}`)
}

const entriesOf = (of: unknown): Readonly<Record<string, unknown>> =>
  typeof of === 'object' && of !== null ? { ...of } : {}

const made = (value: unknown, args: readonly unknown[]): unknown =>
  typeof value === 'function' ? value(...args) : value

const TYPES = {
  store: 'function',
  destroy: 'function',
  name: 'string',
  engine: 'object',
  caseMs: 'number',
  crowd: 'number',
  runs: 'number',
  seed: 'number',
}

function checked(from: string, name: string, value: unknown): ConformanceOptions {
  const field = (key: string): unknown => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : null)
  if (field('store') === undefined || field('store') === null)
    throw new Misuse(`${name} of ${from}: expected ${WANTED}, got ${inspect(value, { depth: 0, breakLength: 200 })}`)
  for (const [key, type] of Object.entries(TYPES)) {
    const given = field(key)
    if (given !== undefined && typeof given !== type)
      throw new Misuse(`${name} of ${from}: expected ${key} to be a ${type}, got ${inspect(given, { depth: 0 })}`)
  }
  return value as ConformanceOptions
}
