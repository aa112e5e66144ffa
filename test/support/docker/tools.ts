import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory, layerKey } from '../machine-cache.ts'
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
  const image = join(dockerDirectory(), `tools-${layerKey(INSTALL)}`)
  const install = ['flock', `${image}.install.lock`, 'unshare', '--mount', 'sh', INSTALL, image]
  mustSucceed(await runCommand(install, { timeout: INSTALL_TIMEOUT_MS }))
  return image
}

function dockerDirectory(): string {
  return cacheDirectory('tlsrep-docker')
}
