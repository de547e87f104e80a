/** The chapters of the suite, in the order of the contract. */
import type { Chapter } from './case.js'
import { close } from './close.js'
import { data } from './data.js'
import { eventsFeed } from './events-feed.js'
import { beats } from './exchange-beats.js'
import { changes } from './exchange-changes.js'
import { claims } from './exchange-claims.js'
import { inserts } from './exchange-inserts.js'
import { faults } from './faults.js'
import { hints } from './hints.js'
import { lists } from './lists.js'
import { open } from './open.js'
import { order } from './order.js'
import { races } from './races.js'
import { reads } from './reads.js'
import { remove } from './remove.js'
import { repeats } from './repeats.js'
import { restore } from './restore.js'
import { settingsPause } from './settings-pause.js'
import { stats } from './stats.js'
import { time } from './time.js'
import { transactions } from './transactions.js'
import { uniqueKeys } from './unique-keys.js'

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
  { title: 'data', cases: data },
  { title: 'transactions', cases: transactions },
  { title: 'close', cases: close },
  { title: 'faults', cases: faults },
  { title: 'hints', cases: hints },
  { title: 'restore', cases: restore },
  { title: 'races', cases: races },
]
