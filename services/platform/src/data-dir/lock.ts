import { randomBytes } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ownIdentity, stateOf } from './process-identity.ts'

/** Who holds a directory, or held it last. */
export interface LockHolder {
  pid: number
  /** Program and subcommand, without arguments. */
  command: string
  host: string
  /** Milliseconds since 1970 UTC. */
  since: number
}

export type LockResult =
  | { ok: true; release(): Promise<void> }
  /** `visible`: the holder runs where it can be seen and stopped from here. */
  | { ok: false; holder: LockHolder; visible: boolean }

export interface LockTiming {
  /** Milliseconds between two signs of life. */
  beat: number
  /** Milliseconds without one after which a holder that cannot be seen counts as gone. */
  silence: number
}

const TIMING: LockTiming = { beat: 2000, silence: 10_000 }
/** A file that nobody touched for so long (ms) is nobody's, however the clocks of two machines differ. */
const LONG_AGO_MS = 3_600_000
/** Its content is no secret, and whoever may not read it could not tell that it is held. */
const LOCK_MODE = 0o644

const lockSchema = z.object({
  pid: z.int(),
  start_ticks: z.string().nullable(),
  boot_id: z.string().nullable(),
  pid_namespace: z.string().nullable(),
  command: z.string(),
  host: z.string(),
  since: z.number(),
  released: z.boolean(),
})
type LockFile = z.infer<typeof lockSchema>

/**
 * Takes the lock in `folder`, a directory that holds nothing else. Safe against a holder that was killed and against others that start at
 * the same moment.
 *
 * Locks are files with ascending numbers, each complete before it has its name (`link` fails where the name exists). Whoever finds the
 * highest one released, or its process gone, makes the next; of several exactly one can. The highest is never removed, not even on
 * release, so a number is never used twice, and whoever made one from an outdated look finds a higher one afterwards and gives way.
 */
export async function takeLock(folder: string, holder: LockHolder, timing: LockTiming = TIMING): Promise<LockResult> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const content: LockFile = { ...ownIdentity(), ...holder, released: false }
  const draft = join(folder, `draft-${process.pid}-${randomBytes(6).toString('hex')}`)
  await writeFile(draft, JSON.stringify(content), { mode: LOCK_MODE, flush: true })
  try {
    for (;;) {
      const highest = (await numbers(folder)).at(-1) ?? 0
      const found = await readLock(folder, highest)
      const held = found === undefined ? undefined : await heldBy(found, join(folder, String(highest)), draft, timing)
      if (held !== undefined) return held
      const own = join(folder, String(highest + 1))
      if (!(await linked(draft, own))) continue
      if ((await numbers(folder)).at(-1) !== highest + 1) {
        await unlink(own).catch(() => {})
        continue
      }
      return { ok: true, release: await hold(folder, highest + 1, content, timing) }
    }
  } finally {
    await unlink(draft)
  }
}

/** Who holds the lock now; undefined where nobody does, as far as can be told without waiting. */
export async function lockHolder(folder: string): Promise<LockHolder | undefined> {
  const highest = (await numbers(folder)).at(-1) ?? 0
  const found = await readLock(folder, highest)
  if (found === undefined || found.released || stateOf(found) === 'dead') return undefined
  const { pid, command, host, since } = found
  return { pid, command, host, since }
}

/** The answer for somebody who finds this lock; undefined where it may be taken over. */
async function heldBy(
  found: LockFile,
  path: string,
  draft: string,
  timing: LockTiming,
): Promise<LockResult | undefined> {
  if (found.released) return undefined
  const state = stateOf(found)
  if (state === 'dead' || (state === 'unknown' && !(await showsLife(found, path, draft, timing)))) return undefined
  const { pid, command, host, since } = found
  return { ok: false, holder: { pid, command, host, since }, visible: state === 'alive' }
}

/**
 * A holder that cannot be seen (another container or machine on the same disk) shows that it lives by touching its file. That of a
 * machine that was started anew since is gone.
 */
async function showsLife(found: LockFile, path: string, draft: string, timing: LockTiming): Promise<boolean> {
  if (found.host === hostname() && found.boot_id !== ownIdentity().boot_id) return false
  const before = await modified(path)
  if (before < (await modified(draft)) - LONG_AGO_MS) return false
  for (let waited = 0; waited < timing.silence; waited += timing.beat) {
    await sleep(timing.beat)
    if ((await modified(path)) !== before) return true
  }
  return false
}

async function modified(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    // Gone: somebody took over.
    () => Number.NaN,
  )
}

async function hold(
  folder: string,
  number: number,
  content: LockFile,
  timing: LockTiming,
): Promise<() => Promise<void>> {
  const path = join(folder, String(number))
  for (const older of await numbers(folder))
    if (older < number) await unlink(join(folder, String(older))).catch(() => {})
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {})
  }, timing.beat)
  beat.unref()
  return async () => {
    clearInterval(beat)
    const draft = join(folder, `draft-${process.pid}-released`)
    await writeFile(draft, JSON.stringify({ ...content, released: true }), { mode: LOCK_MODE })
    await rename(draft, path)
  }
}

async function numbers(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => /^\d{1,15}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** @returns undefined where there is none, or none that a process could have written: they are complete before they have a name */
async function readLock(folder: string, number: number): Promise<LockFile | undefined> {
  const text = await readFile(join(folder, String(number)), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  try {
    return lockSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}
