import { mkdir, stat, statfs, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { OperatorError } from '../errors/operator-error.ts'
import { type Instance, LOCK_FOLDER, removeInstance, writeInstance } from './instance.ts'
import { type LockHolder, type LockTiming, takeLock } from './lock.ts'

/** The directory of one running instance. */
export interface DataDir {
  /** Absolute. */
  readonly path: string
  /** What an operator should know and need not mend at once: little room, or others may look into it. Sentences. */
  readonly warnings: readonly string[]
  /** Tells the commands where this instance answers. */
  announce(instance: Instance): Promise<void>
  /** Gives the directory up; the last thing that a process does with it. */
  release(): Promise<void>
}

export interface DataDirOptions {
  now?: () => number
  timing?: LockTiming
  /** Bytes of room on its disk below which a warning is given. */
  lowSpace?: number
}

const LOW_SPACE = 1e9
/** A probe of this size finds a full disk, and a quota. */
const PROBE_BYTES = 64 * 1024

/**
 * Opens a data directory for this process alone: makes it where it is not there (mode 700), checks that it can be written, takes its lock.
 * Waits some seconds where the last holder was another container that may still live.
 * @throws OperatorError `TLSREP_DATA_DIR_HELD`, `TLSREP_DATA_DIR_UNUSABLE`, `TLSREP_DISK_FULL`
 */
export async function openDataDir(path: string, options: DataDirOptions = {}): Promise<DataDir> {
  const { now = Date.now, timing, lowSpace = LOW_SPACE } = options
  const directory = resolve(path)
  const self: LockHolder = { pid: process.pid, command: ownCommand(), host: hostname(), since: now() }
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await probe(directory)
    const lock = await takeLock(join(directory, LOCK_FOLDER), self, timing)
    if (!lock.ok) throw held(directory, lock.holder, lock.visible)
    // Of a holder that was killed.
    await removeInstance(directory)
    return {
      path: directory,
      warnings: [...(await modeWarnings(directory)), ...(await spaceWarnings(directory, lowSpace))],
      announce: (instance) => writeInstance(directory, instance),
      release: async () => {
        await removeInstance(directory)
        await lock.release()
      },
    }
  } catch (error) {
    throw dataDirError(directory, error)
  }
}

async function probe(directory: string): Promise<void> {
  const file = join(directory, `.probe-${process.pid}`)
  try {
    await writeFile(file, Buffer.alloc(PROBE_BYTES), { mode: 0o600, flush: true })
  } finally {
    await unlink(file).catch(() => {})
  }
}

async function modeWarnings(directory: string): Promise<string[]> {
  const { mode } = await stat(directory)
  const open = mode & 0o077
  return open === 0
    ? []
    : [`${directory} may be entered by other users (mode ${(mode & 0o777).toString(8)}): chmod 700 ${directory}`]
}

async function spaceWarnings(directory: string, lowSpace: number): Promise<string[]> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  if (free >= lowSpace) return []
  return [
    `the disk of ${directory} has only ${Math.floor(free / 1e6)} MB left: when it is full, nothing more is stored and the logs wait`,
  ]
}

/** The program and its subcommand; options may hold what is not for others. */
function ownCommand(): string {
  const [, script = 'node', subcommand = ''] = process.argv
  const isTlsrep = /tlsrep/.test(basename(script)) || /cli\/src\/main\.ts$/.test(script)
  const name = isTlsrep ? 'tlsrep' : basename(script)
  return /^[a-z-]{1,20}$/.test(subcommand) ? `${name} ${subcommand}` : name
}

function held(directory: string, { pid, command, host, since }: LockHolder, visible: boolean): OperatorError {
  const who = `${command} (pid ${pid}${visible ? '' : ` on ${host}`}, since ${new Date(since).toISOString()})`
  return new OperatorError({
    code: 'TLSREP_DATA_DIR_HELD',
    message: `the data directory is in use by ${who}`,
    where: directory,
    remedy: visible
      ? `Stop that process (kill ${pid}), or choose another directory with --data or the key data.`
      : 'Stop tlsrep there, or choose another directory with --data or the key data.',
  })
}

/** Puts what the operating system says into words; what is no answer of it comes back as it is. */
export function dataDirError(directory: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (['ENOSPC', 'EDQUOT'].includes(code)) {
    return new OperatorError({
      code: 'TLSREP_DISK_FULL',
      message:
        code === 'EDQUOT' ? 'the quota of the data directory is used up' : 'the disk of the data directory is full',
      where: directory,
      remedy: `Make room (df -h ${directory}), or choose another directory with --data or the key data.`,
      cause: error,
    })
  }
  const reason = UNUSABLE[code]
  if (reason === undefined) return error
  return new OperatorError({
    code: 'TLSREP_DATA_DIR_UNUSABLE',
    message: `the data directory cannot be used: ${reason}`,
    where: directory,
    remedy: 'Mend that, or choose another directory with --data or the key data.',
    cause: error,
  })
}

const UNUSABLE: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there, or its file system has no hard links',
  EROFS: 'its file system is mounted read-only',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'it is a file',
  ENOENT: 'its path cannot be made',
  ENOTSUP: 'its file system has no hard links',
  ENAMETOOLONG: 'its path is too long',
  ELOOP: 'its path goes in a circle',
}
