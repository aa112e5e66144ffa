import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory, layerKey } from '../machine-cache.ts'
import { mustSucceed, runCommand } from './command.ts'

const INSTALL = fileURLToPath(new URL('install.sh', import.meta.url))

/** apt may have to fetch its lists first. */
const INSTALL_TIMEOUT_MS = 300_000

/**
 * Where images and running hosts are kept, across runs: the first host on a machine takes the time of an install, every later one
 * a second or two.
 */
export function mailHostDirectory(): string {
  return cacheDirectory('tlsrep-mail-host')
}

/**
 * The image with Postfix for this machine as it is now; installed when there is none yet. Several processes may ask at once: one
 * installs, the others wait.
 * @throws Error with apt's words when the install fails
 */
export async function mailHostImage(): Promise<string> {
  const image = join(mailHostDirectory(), `image-${layerKey(INSTALL)}`)
  const install = ['flock', `${image}.lock`, 'unshare', '--mount', 'sh', INSTALL, image]
  mustSucceed(await runCommand(install, { timeout: INSTALL_TIMEOUT_MS }))
  return image
}
