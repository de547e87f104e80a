import type { SettingResult, SettingWrite } from '@stint/core'
import { setting } from './read.js'
import type { Step } from './step.js'

const PUT = `insert into stint_setting(kind, name, value, version, updated_at) values (?, ?, ?, ?, ?)
  on conflict(kind, name) do update set value = excluded.value, version = excluded.version, updated_at = excluded.updated_at`
const DROP = 'delete from stint_setting where kind = ? and name = ?'

export function configure(step: Step, writes: readonly SettingWrite[]): SettingResult[] {
  return writes.map(({ kind, name, value, ifVersion }) => {
    const current = setting(step.session, kind, name)
    if (ifVersion !== undefined && ifVersion !== (current?.version ?? 0)) return { ok: false, current }
    step.point('setting')
    if (value === null) {
      step.session.run(DROP, kind, name)
      if (kind === 'paused') step.wake(name)
      return { ok: true, version: 0 }
    }
    const version = (current?.version ?? 0) + 1
    step.session.run(PUT, kind, name, value, version, step.now)
    return { ok: true, version }
  })
}
