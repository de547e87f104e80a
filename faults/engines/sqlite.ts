import { join } from 'node:path'
import Database from 'better-sqlite3'
import { DEADLINE, type Engine, UNHURRIED } from './engine.ts'

export const sqlite: Engine = {
  name: 'sqlite',
  durability: 'synchronous FULL: nothing that was acknowledged may be lost',
  hasOwnClock: false,
  cannot: {
    wire: 'SQLite is a file: there is no wire',
    server: 'SQLite is a file: there is no server',
    listeners: 'SQLite is a file: there is no connection to drop',
    'full memory': 'SQLite has no limit of memory for data',
  },
  async start({ folder }) {
    const fileOf = (space: string): string => join(folder, `${space}.db`)
    return {
      source: 'better-sqlite3',
      server: null,
      proxy: null,
      url: (space, way) => `sqlite:${fileOf(space)}?deadline=${way === 'past it' ? UNHURRIED : DEADLINE}`,
      async keepBusy(space) {
        const db = new Database(fileOf(space), { timeout: 2000 })
        db.exec('begin immediate')
        return async () => {
          db.exec('rollback')
          db.close()
        }
      },
      stop: async () => {},
    }
  },
}
