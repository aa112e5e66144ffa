import { basename, dirname, join } from 'node:path'

/** One log: what is written to one name, and what rotation has moved away from it in the same directory. */
export interface LogPlace {
  directory: string
  /** The name that is written to; of logs with a date in every name, the name without it. */
  base: string
}

/** Where a file stands among those of its log: the one written to, or moved away under a number (the higher the older) or a date. */
export type Rotation =
  | { kind: 'base' }
  | { kind: 'number'; value: number }
  /** Digits of year, month, day and what follows, to be compared as text. */
  | { kind: 'date'; value: string }

const COMPRESSED = /\.(?:gz|zst|bz2|xz|lz4|Z)$/
const DATE = String.raw`(?:19|20)\d\d-?[01]\d-?[0-3]\d(?:[-_.T]?\d{1,10})?`
const EPOCH = String.raw`1\d{9}`
const NUMBER_SUFFIX = /^\.(\d{1,4})$/
const DATE_SUFFIX = new RegExp(`^[.-](${DATE}|${EPOCH})$`)
const ENDS_ROTATED = new RegExp(String.raw`^(.+?)(?:\.\d{1,4}|[.-](?:${DATE}|${EPOCH}))$`)
const DATE_BEFORE_EXTENSION = new RegExp(String.raw`^(.+?)[.-]${DATE}(\.[A-Za-z]+)$`)
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

/** The log that a configured path names: that file, whatever its name, and what was rotated away from it. */
export function logOfPath(path: string): LogPlace {
  return { directory: dirname(path), base: basename(path) }
}

/** The log that a file belongs to which a glob found, perhaps under the name of a rotated one. */
export function logOfMatch(path: string): LogPlace {
  const { directory, base: name } = logOfPath(path)
  const bare = name.replace(COMPRESSED, '')
  // Syslog daemons name files after hosts; the last number of an address is no rotation.
  if (IPV4.test(bare)) return { directory, base: bare }
  const dated = DATE_BEFORE_EXTENSION.exec(bare)
  return { directory, base: dated === null ? (ENDS_ROTATED.exec(bare)?.[1] ?? bare) : `${dated[1]}${dated[2]}` }
}

/** How `name` was rotated away from `base` (logrotate's numbers, dateext and extension; newsyslog's numbers); null: it is no part of that log. */
export function rotationOf(base: string, name: string): Rotation | null {
  if (name === base) return { kind: 'base' }
  const bare = name.replace(COMPRESSED, '')
  if (bare === base) return { kind: 'number', value: 0 }
  if (bare.startsWith(base)) return rotationSuffix(bare.slice(base.length))
  const dot = base.lastIndexOf('.')
  if (dot <= 0 || !bare.startsWith(base.slice(0, dot)) || !bare.endsWith(base.slice(dot))) return null
  const between = bare.slice(dot, bare.length - (base.length - dot))
  return rotationSuffix(between)
}

const NUMBER_BEFORE_EXTENSION = /^(.+)\.\d{1,4}(\.[A-Za-z]+)$/

/**
 * The log that this one would be a rotated file of (logrotate's `extension`), if there is such a log: a name like `mx.1.log` may as well be
 * that of a log of its own.
 */
export function possibleParent({ directory, base }: LogPlace): LogPlace | null {
  const parts = NUMBER_BEFORE_EXTENSION.exec(base)
  return parts === null ? null : { directory, base: `${parts[1]}${parts[2]}` }
}

function rotationSuffix(suffix: string): Rotation | null {
  const number = NUMBER_SUFFIX.exec(suffix)?.[1]
  if (number !== undefined) return { kind: 'number', value: Number(number) }
  const date = DATE_SUFFIX.exec(suffix)?.[1]
  if (date === undefined) return null
  const text = new RegExp(`^${EPOCH}$`).test(date) ? new Date(Number(date) * 1000).toISOString() : date
  return { kind: 'date', value: text.replaceAll(/\D/g, '') }
}

export function pathIn({ directory }: LogPlace, name: string): string {
  return join(directory, name)
}

/** Whether a file of this path is, or was, a part of the log. */
export function belongsTo(place: LogPlace, path: string): boolean {
  return dirname(path) === place.directory && rotationOf(place.base, basename(path)) !== null
}

interface Ranked {
  rotation: Rotation
  /** Milliseconds since 1970 UTC. */
  modifiedAt: number
  name: string
}

/** The files of a log, the oldest first: by their names where these follow one scheme, else by when they were last written. */
export function inTimeOrder<T extends Ranked>(files: readonly T[]): T[] {
  const kinds = new Set(files.map(({ rotation }) => rotation.kind))
  const oneScheme = !(kinds.has('number') && kinds.has('date'))
  return [...files].sort((a, b) => {
    if (a.rotation.kind === 'base' || b.rotation.kind === 'base') {
      return Number(a.rotation.kind === 'base') - Number(b.rotation.kind === 'base')
    }
    return (oneScheme ? byName(a.rotation, b.rotation) : 0) || a.modifiedAt - b.modifiedAt || (a.name < b.name ? -1 : 1)
  })
}

function byName(a: Rotation, b: Rotation): number {
  if (a.kind === 'number' && b.kind === 'number') return b.value - a.value
  if (a.kind !== 'date' || b.kind !== 'date' || a.value === b.value) return 0
  return a.value < b.value ? -1 : 1
}
