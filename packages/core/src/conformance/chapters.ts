/** The chapters of the suite, in the order of the contract. */
import type { Chapter } from './case.js'
import { beats } from './cases/beats.js'
import { changes } from './cases/changes.js'
import { claims } from './cases/claims.js'
import { close } from './cases/close.js'
import { data } from './cases/data.js'
import { eventsFeed } from './cases/events-feed.js'
import { hints } from './cases/hints.js'
import { inserts } from './cases/inserts.js'
import { lists } from './cases/lists.js'
import { names } from './cases/names.js'
import { open } from './cases/open.js'
import { order } from './cases/order.js'
import { reads } from './cases/reads.js'
import { remove } from './cases/remove.js'
import { repeats } from './cases/repeats.js'
import { restore } from './cases/restore.js'
import { settingsPause } from './cases/settings-pause.js'
import { stats } from './cases/stats.js'
import { time } from './cases/time.js'
import { transactions } from './cases/transactions.js'
import { uniqueKeys } from './cases/unique-keys.js'
import { costOfBatches } from './cost/batches.js'
import { faults } from './faults/faults.js'
import { model } from './model/cases.js'
import { processes } from './processes/processes.js'
import { races } from './races/races.js'

export const CHAPTERS: readonly Chapter[] = [
  { title: 'open', cases: open },
  { title: 'inserts', cases: inserts },
  { title: 'changes', cases: changes },
  { title: 'beats', cases: beats },
  { title: 'claims', cases: claims },
  { title: 'order', cases: order },
  { title: 'time', cases: time },
  { title: 'repeats', cases: repeats },
  { title: 'unique keys', cases: uniqueKeys },
  { title: 'remove', cases: remove },
  { title: 'reads', cases: reads },
  { title: 'lists', cases: lists },
  { title: 'events and feed', cases: eventsFeed },
  { title: 'stats', cases: stats },
  { title: 'settings and pause', cases: settingsPause },
  { title: 'data', cases: [...data, ...names] },
  { title: 'cost', cases: costOfBatches },
  { title: 'transactions', cases: transactions },
  { title: 'close', cases: close },
  { title: 'faults', cases: faults },
  { title: 'hints', cases: hints },
  { title: 'restore', cases: restore },
  { title: 'races', cases: races },
  { title: 'processes', cases: processes },
  { title: 'model', cases: model },
]
