import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mustSucceed, runCommand } from '../mail-host/command.ts'

const INSTALL = fileURLToPath(new URL('install.sh', import.meta.url))
const INSTALL_TIMEOUT_MS = 600_000
const COMMANDS = ['apt-get', 'chroot', 'flock', 'ip', 'mount', 'nsenter', 'pivot_root', 'unshare']

const PROBE = `
  mkdir "$1/upper" "$1/work" "$1/root" &&
  mount -t overlay docker-probe -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" &&
  chroot "$1/root" apt-get --version > /dev/null &&
  ip link add name tlsrep-probe0 type bridge && ip link delete tlsrep-probe0`

/** Why Debian's Docker and its tools cannot be had here, as half a sentence; null when they can. */
export function dockerToolsAvailable(): string | null {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root, for an overlay of / and a bridge'
  const missing = COMMANDS.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  if (missing.length > 0) return `needs ${missing.join(', ')}`
  const directory = mkdtempSync(join(dockerDirectory(), 'probe-'))
  try {
    const probe = ['--mount', '--net', 'sh', '-c', PROBE, 'sh', directory]
    const { status, stderr } = spawnSync('unshare', probe, { encoding: 'utf8' })
    return status === 0 ? null : `may not make an overlay of / and a bridge: ${stderr.trim()}`
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/**
 * Directory with Debian's Docker, Compose and a root file system, for this machine as it is now; installed when there is none yet, which
 * takes one to two minutes and 450 MB. Several processes may ask at once: one installs, the others wait.
 * @throws Error with apt's words when the install fails
 */
export async function dockerTools(): Promise<string> {
  const image = join(dockerDirectory(), `tools-${imageKey()}`)
  const install = ['flock', `${image}.install.lock`, 'unshare', '--mount', 'sh', INSTALL, image]
  mustSucceed(await runCommand(install, { timeout: INSTALL_TIMEOUT_MS }))
  return image
}

function dockerDirectory(): string {
  const directory = join(tmpdir(), 'tlsrep-docker')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // In a directory that anybody may write to, somebody else may have made it first.
  const { uid } = lstatSync(directory)
  if (uid !== process.getuid?.()) throw new Error(`${directory} belongs to another user: remove it`)
  return directory
}

/** What the tools depend on: the machine's packages, which lie below them, and the way they are made. */
function imageKey(): string {
  const hash = createHash('sha256')
  for (const path of ['/etc/os-release', '/var/lib/dpkg/status', INSTALL]) hash.update(readFileSync(path))
  return hash.digest('hex').slice(0, 16)
}
