import type { EngineHooks } from '@stint/core/conformance'
import { MongoClient } from 'mongodb'
import { PLAN, SCHEMA } from '../schema.js'
import { MongoStore } from '../store.js'
import type { Place } from './place.js'

/** What another connection can do to a space. */
export function hooks(place: Place): EngineHooks {
  return {
    async size(space) {
      // Counted in documents and keys: the files of the engine shrink when it likes.
      const { dataSize } = await place.database(space).stats()
      return dataSize
    },
    async begin() {
      const session = place.client.startSession()
      session.startTransaction({ writeConcern: { w: 'majority', journal: true } })
      return {
        tx: session,
        commit: () => session.commitTransaction(),
        rollback: () => session.abortTransaction(),
        close: () => session.endSession(),
      }
    },
    makeNewer: async (space) =>
      void (await place
        .database(space)
        .collection<{ _id: string }>('stint_meta')
        .updateOne({ _id: SCHEMA }, { $set: { version: 99 } })),
    async makeUnsafe(space) {
      const { url, ...options } = await place.optionsOf(space, {})
      return new MongoStore({ ...options, url: `${url}&w=1&journal=false` })
    },
    async makeOverGiven(space, options) {
      const { url, database, ...others } = await place.optionsOf(space, options)
      const client = new MongoClient(url, { maxPoolSize: 4, monitorCommands: false })
      return {
        store: new MongoStore({ ...others, url: undefined, client, database } as never, {
          isReplicaSet: await place.isReplicaSet(),
        }),
        begin: null,
        isUsable: async () =>
          (await client
            .db(database)
            .collection('stint_meta')
            .countDocuments({ _id: PLAN as never })) >= 0,
        dispose: () => client.close(true),
      }
    },
    async block() {
      const admin = place.client.db('admin')
      await admin.command({ fsync: 1, lock: true })
      return async () => void (await admin.command({ fsyncUnlock: 1 }))
    },
    cut: () => place.cut(),
  }
}
