import type { Store } from '../../store.js'
import type { Stage } from '../stage/stage.js'
import { OtherProcess } from './other-process.js'
import { RemoteStore } from './remote-store.js'

/** A process and its store over the space of the case, opened unless told otherwise. */
export interface Remote {
  readonly process: OtherProcess
  readonly store: Store
}

/** Starts them together, plays with them, and ends them whatever happens. */
export async function withProcesses<T>(
  stage: Stage,
  count: number,
  work: (remotes: readonly Remote[]) => Promise<T>,
  space = stage.space,
): Promise<T> {
  const hook = stage.hook('processes')
  const starts = Array.from({ length: count }, () => OtherProcess.start(hook, space, stage.clock))
  try {
    const remotes = (await Promise.all(starts)).map((process, n) => ({
      process,
      store: stage.transcript.watch(new RemoteStore(process, stage.a, stage.clock), `P${n + 1}`),
    }))
    return await work(remotes)
  } finally {
    for (const started of await Promise.allSettled(starts))
      if (started.status === 'fulfilled') await started.value.kill()
  }
}

/** The same, each with its store open. */
export const withOpenProcesses = <T>(
  stage: Stage,
  count: number,
  work: (stores: readonly Store[], remotes: readonly Remote[]) => Promise<T>,
): Promise<T> =>
  withProcesses(stage, count, async (remotes) => {
    await Promise.all(remotes.map(({ store }) => store.open()))
    return work(
      remotes.map(({ store }) => store),
      remotes,
    )
  })
