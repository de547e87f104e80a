/** How the suite comes to this store. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConformanceOptions } from '@stint/core/conformance'
import { open } from 'lmdb'
import { countedEngine, counts } from './counted-engine.js'
import { LmdbStore } from './lmdb-store.js'

const folderOf = (space: string): string => join(tmpdir(), `stint-lmdb-${space}`)
const fileOf = (space: string): string => join(folderOf(space), 'jobs.mdb')

class CountedStore extends LmdbStore {
  protected override engine(path: string): ReturnType<LmdbStore['engine']> {
    return countedEngine(super.engine(path))
  }
}

/** The file of the space, past the store. */
function within<T>(space: string, work: (db: ReturnType<typeof open>) => T): T {
  const db = open({ path: fileOf(space), noSubdir: true, overlappingSync: false })
  try {
    return work(db)
  } finally {
    void db.close()
  }
}

export const conformance: ConformanceOptions = {
  name: 'lmdb',
  store: (space, options) => new CountedStore({ ...options, path: fileOf(space) }),
  destroy: (space) => rmSync(folderOf(space), { recursive: true, force: true }),
  engine: {
    work: () => counts.calls + counts.entries,
    statements: () => counts.calls,
    commits: () => counts.commits,
    // The file never shrinks, but the pages of what was removed are used again; so what counts are the pages in use.
    size: (space) =>
      within(space, (db) => {
        const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = db.getStats() as Stats
        return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages)
      }),
    makeNewer: (space) => within(space, (db) => db.putSync(['schema'], 99)),
    cannot: {
      block:
        'this store cannot keep a deadline: while another process writes, a call waits with its whole thread (README)',
      cut: 'LMDB runs inside the process: there is no connection that could be cut',
      makeOverGiven: 'this store opens its file itself: no handle can be given to it',
      makeUnsafe: 'this store has no option by which a promise could be broken',
    },
    // Another process takes the built module: from src/ as well as from dist/ that is this file.
    processes: {
      module: new URL('../dist/conformance.js', import.meta.url),
      noKillBesideOthers:
        'who is killed while it waits for LMDB’s mutex may take the wake-up of another along (README)',
    },
  },
}

type Stats = Readonly<Record<'pageSize' | 'treeBranchPageCount' | 'treeLeafPageCount' | 'overflowPages', number>>
