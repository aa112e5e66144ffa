import type { BigIntStats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import type { Compression } from './compression.ts'
import { readHead } from './file-head.ts'
import { directoryError, InputError, openError, systemCode } from './input-error.ts'
import { inTimeOrder, type LogPlace, pathIn, type Rotation, rotationOf } from './log-names.ts'

/** A file on disk that is a part of a log, as it was found there. */
export interface LogMember {
  path: string
  name: string
  rotation: Rotation
  device: string
  inode: string
  /** Bytes on disk. */
  size: number
  /** When it was last written, milliseconds since 1970 UTC. */
  modifiedAt: number
  compression: Compression
  /** The first bytes of its content, after decompression. */
  head: Buffer
}

export interface Found {
  /** Files with content, the oldest first. */
  members: LogMember[]
  /** Files that are there, or should be, and cannot be used. */
  errors: InputError[]
}

interface Looked {
  /** What changes when the file does. */
  stamp: string
  member: LogMember | null
}

/** Files of one log that are looked at; more is no rotation that anybody configured. */
const MAX_MEMBERS = 2000
/** One rotation is over before the second look; who moves files without end is not waited for. */
const MAX_LOOKS = 5

/** Finds the files of a log. What it has learned of one is kept while size and time of change are the same. */
export class LogMembers {
  readonly #place: LogPlace
  #known = new Map<string, Looked>()
  /** Which file each name stood for at the last look. */
  readonly #found = new Map<string, string>()

  constructor(place: LogPlace) {
    this.#place = place
  }

  /**
   * A rotation that goes on meanwhile moves files from names not looked at yet to names that were, so some would be missed: then it is
   * looked again.
   */
  async find(): Promise<Found> {
    for (let look = 1; ; look++) {
      const found = await this.#findOnce()
      if (look === MAX_LOOKS || (await this.#stands())) return found
    }
  }

  /** Whether every file still has the name under which it was found, and no other file has come. */
  async #stands(): Promise<boolean> {
    const names = (await this.#names([])).map(({ name }) => name)
    const same = await Promise.all(
      names.map(async (name) => {
        const stats = await stat(pathIn(this.#place, name), { bigint: true }).catch(() => undefined)
        return this.#found.get(name) === (stats && identityOf(stats))
      }),
    )
    return same.every(Boolean) && [...this.#found.keys()].every((name) => names.includes(name))
  }

  async #findOnce(): Promise<Found> {
    const errors: InputError[] = []
    const members: LogMember[] = []
    const known = new Map<string, Looked>()
    this.#found.clear()
    for (const { name, rotation } of await this.#names(errors)) {
      try {
        const looked = await this.#look(name, rotation)
        known.set(name, looked)
        if (looked.member !== null) members.push(looked.member)
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        // One that vanished since the directory was read is on its way to another name.
        if (error.code !== 'not_found') errors.push(error)
      }
    }
    this.#known = known
    return { members: inTimeOrder(members), errors }
  }

  async #names(errors: InputError[]): Promise<{ name: string; rotation: Rotation }[]> {
    const { directory, base } = this.#place
    let entries: string[]
    try {
      entries = await readdir(directory)
    } catch (error) {
      // A directory that may be entered but not listed still gives the file that is named.
      if (systemCode(error) !== 'EACCES') {
        errors.push(openError(pathIn(this.#place, base), pathIn(this.#place, base), error))
        return []
      }
      entries = [base]
    }
    const names: { name: string; rotation: Rotation }[] = []
    for (const name of entries) {
      const rotation = rotationOf(base, name)
      if (rotation !== null && names.length < MAX_MEMBERS) names.push({ name, rotation })
    }
    if (names.length === 0) {
      const path = pathIn(this.#place, base)
      errors.push(new InputError('not_found', path, `${path}: there is no such file.`))
    }
    return names
  }

  async #look(name: string, rotation: Rotation): Promise<Looked> {
    const path = pathIn(this.#place, name)
    try {
      const stats = await stat(path, { bigint: true })
      this.#found.set(name, identityOf(stats))
      const stamp = `${identityOf(stats)} ${stats.size} ${stats.mtimeNs}`
      const known = this.#known.get(name)
      if (known?.stamp === stamp) return known
      return { stamp, member: await this.#read(path, name, rotation, stats) }
    } catch (error) {
      throw error instanceof InputError ? error : openError(path, path, error)
    }
  }

  /** Null for a file without content: there is nothing yet by which to know it again. */
  async #read(path: string, name: string, rotation: Rotation, stats: BigIntStats): Promise<LogMember | null> {
    if (stats.isDirectory()) throw directoryError(path, path)
    if (!stats.isFile()) throw new InputError('cannot_open', path, `${path}: is no file that can be read again.`)
    if (stats.size === 0n) return null
    const { compression, head } = await readHead(path)
    if (head.length === 0) return null
    if (isUtf16(head)) throw new InputError('utf16', path, `${path}: is UTF-16 text, which no syslog daemon writes.`)
    return {
      path,
      name,
      rotation,
      device: String(stats.dev),
      inode: String(stats.ino),
      size: Number(stats.size),
      modifiedAt: Number(stats.mtimeMs),
      compression,
      head,
    }
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev} ${ino}`
}

function isUtf16(head: Buffer): boolean {
  return (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)
}
