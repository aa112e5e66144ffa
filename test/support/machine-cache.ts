import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A directory for what takes long to install, kept across runs.
 * @throws Error where it is another user's
 */
export function cacheDirectory(name: string): string {
  const directory = join(tmpdir(), name)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // In a directory that anybody may write to, somebody else may have made it first.
  const { uid } = lstatSync(directory)
  if (uid !== process.getuid?.()) throw new Error(`${directory} belongs to another user: remove it`)
  return directory
}

/** What an upper layer of this machine's system depends on: the machine's packages, which lie below it, and the script that makes it. */
export function layerKey(script: string): string {
  const hash = createHash('sha256')
  for (const path of ['/etc/os-release', '/var/lib/dpkg/status', script]) hash.update(readFileSync(path))
  return hash.digest('hex').slice(0, 16)
}
