import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { mailHostDirectory } from './image.ts'

const TOOLS = ['apt-get', 'chroot', 'flock', 'ip', 'mount', 'nsenter', 'setpriv', 'unshare']

const PROBE = `
  mkdir "$1/upper" "$1/work" "$1/root" &&
  mount -t overlay mail-host-probe -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" &&
  chroot "$1/root" apt-get --version > /dev/null`

/**
 * Why no mail host can be started on this machine, as half a sentence; null when one can. For `describe.skipIf`: a machine without
 * root or without apt is no failure of the code under test.
 */
export function mailHostAvailable(): string | null {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root, for an overlay of / and a network of its own'
  const missing = TOOLS.filter((tool) => !isInstalled(tool))
  if (missing.length > 0) return `needs ${missing.join(', ')}`
  return probe()
}

function isInstalled(tool: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0
}

/** Root in a container is often not allowed what the host needs. */
function probe(): string | null {
  const directory = mkdtempSync(join(mailHostDirectory(), 'probe-'))
  try {
    const namespaces = ['--mount', '--net', '--uts', '--pid', '--fork']
    const result = spawnSync('unshare', [...namespaces, 'sh', '-c', PROBE, 'sh', directory], { encoding: 'utf8' })
    return result.status === 0 ? null : `may not make namespaces and an overlay of /: ${result.stderr.trim()}`
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
