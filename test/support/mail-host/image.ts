import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mustSucceed, runCommand } from './command.ts'

const INSTALL = fileURLToPath(new URL('install.sh', import.meta.url))

/** apt may have to fetch its lists first. */
const INSTALL_TIMEOUT_MS = 300_000

/**
 * Where images and running hosts are kept, across runs: the first host on a machine takes the time of an install, every later one
 * a second or two.
 */
export function mailHostDirectory(): string {
  const directory = join(tmpdir(), 'tlsrep-mail-host')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // In a directory that anybody may write to, somebody else may have made it first.
  const { uid } = lstatSync(directory)
  if (uid !== process.getuid?.()) throw new Error(`${directory} belongs to another user: remove it`)
  return directory
}

/**
 * The image with Postfix for this machine as it is now; installed when there is none yet. Several processes may ask at once: one
 * installs, the others wait.
 * @throws Error with apt's words when the install fails
 */
export async function mailHostImage(): Promise<string> {
  const image = join(mailHostDirectory(), `image-${imageKey()}`)
  const install = ['flock', `${image}.lock`, 'unshare', '--mount', 'sh', INSTALL, image]
  mustSucceed(await runCommand(install, { timeout: INSTALL_TIMEOUT_MS }))
  return image
}

/** What an image depends on: the machine's packages, which lie below it, and the way it is made. */
function imageKey(): string {
  const hash = createHash('sha256')
  for (const path of ['/etc/os-release', '/var/lib/dpkg/status', INSTALL]) hash.update(readFileSync(path))
  return hash.digest('hex').slice(0, 16)
}
