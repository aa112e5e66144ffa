import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of its own for a test, to be filled. */
export interface SmallDisk {
  readonly path: string
  /** Takes all room that there is. */
  fill(): void
  /** Gives it back. */
  makeRoom(): void
  /** Whoever uses it has ended by now. */
  remove(): void
}

/** Why there can be no disk of its own; null when there can. */
export function smallDiskUnavailable(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root, to mount a file system'
  const disk = mounted('1m')
  if (typeof disk === 'string') return disk
  disk.remove()
  return null
}

/** @param size as mount takes it, e.g. `200m` */
export function mountSmallDisk(size: string): SmallDisk {
  const disk = mounted(size)
  if (typeof disk === 'string') throw new Error(disk)
  return disk
}

function mounted(size: string): SmallDisk | string {
  const path = mkdtempSync(join(tmpdir(), 'tlsrep-disk-'))
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], {
    encoding: 'utf8',
  })
  if (status !== 0) {
    rmSync(path, { recursive: true })
    return `cannot mount a file system: ${stderr?.trim()}`
  }
  const filler = join(path, 'filler')
  return {
    path,
    fill: () => fill(filler),
    makeRoom: () => rmSync(filler, { force: true }),
    remove() {
      spawnSync('umount', ['-l', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (const size of [1 << 20, 1 << 12]) writeUntilFull(file, Buffer.alloc(size, 1))
  } finally {
    closeSync(file)
  }
}

function writeUntilFull(file: number, piece: Buffer): void {
  for (;;) {
    try {
      writeSync(file, piece)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return
      throw error
    }
  }
}
