import type { Setting, SettingResult, SettingWrite } from '@stint/core'
import { broken } from '../failures.js'
import { ANSWERED, ANSWERED_READ, reading, writing } from './script.js'

/** A setting is a field of its kind's hash: version, time and value, which may hold line breaks. */
export const CONFIGURE = writing(
  ANSWERED,
  String.raw`
local function configure()
  local kind, name, if_version, has_value = match(take(), '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)$')
  local value = has_value == '1' and take()
  local key = at .. 's:' .. kind
  local current = call('HGET', key, name)
  local version = current and match(current, '^%d+') or '0'
  if if_version ~= '' and if_version ~= version then return { 0, current } end
  if value then
    version = num(version + 1)
    call('HSET', key, name, concat({ version, num(now), value }, '\n'))
    return { 1, version }
  end
  if current then call('HDEL', key, name) end
  if kind == 'paused' then woken[name] = true end
  return { 1, '0' }
end
local answers = {}
while ARGV[cursor] do answers[#answers + 1] = configure() end
return answered(answers)
`,
)

export const SETTINGS = reading(ANSWERED_READ, `return answered(call('HGETALL', at .. 's:' .. take()))`)

export const argumentsOfSettings = (writes: readonly SettingWrite[]): string[] =>
  writes.flatMap(({ kind, name, value, ifVersion }) => {
    const head = [kind, name, ifVersion ?? '', value === null ? '' : '1'].join('\n')
    return value === null ? [head] : [head, value]
  })

export type ConfigureAnswer = readonly [ok: number, versionOrCurrent: string | null]

export const answersOfConfigure = (
  writes: readonly SettingWrite[],
  answers: readonly ConfigureAnswer[],
): SettingResult[] =>
  answers.map(([ok, said], n) => {
    if (ok === 1) return { ok: true, version: Number(said) }
    const { kind, name } = writes[n] as SettingWrite
    return { ok: false, current: said === null ? null : settingOf(kind, name, said) }
  })

export function settingsOf(kind: string, flat: readonly string[]): Setting[] {
  const settings: Setting[] = []
  for (let i = 0; i < flat.length; i += 2) settings.push(settingOf(kind, flat[i] ?? '', flat[i + 1] ?? ''))
  return settings.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
}

function settingOf(kind: string, name: string, text: string): Setting {
  const [found, version, updatedAt, value = ''] = /^(\d+)\n(\d+)\n([\s\S]*)$/.exec(text) ?? []
  if (found === undefined) throw broken(`the setting '${name}' of the kind '${kind}'`)
  return { kind, name, value, version: Number(version), updatedAt: Number(updatedAt) }
}
