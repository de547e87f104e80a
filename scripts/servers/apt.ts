import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { programOnPath } from './programs-on-path.ts'

const run = promisify(execFile)

/** Whether Debian's package of this name is there now. Only root may install one, and only where apt is. */
export async function installedByApt(name: string): Promise<boolean> {
  if (process.getuid?.() !== 0 || programOnPath('apt-get') === null) return false
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = (): Promise<unknown> => run('apt-get', ['install', '-y', '--no-install-recommends', name], { env })
  try {
    await install().catch(async () => {
      await run('apt-get', ['update'], { env })
      await install()
    })
    return true
  } catch {
    return false
  }
}
