import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

/** One file of `schemas/clickhouse/`: a step from one version of the tables to the next. Never changed once released. */
export interface Migration {
  /** From 1 upwards, without gaps. */
  readonly version: number
  /** File name, e.g. `0001_tls_events.sql`. */
  readonly name: string
  /** SHA-256 of the file's content, hexadecimal. */
  readonly checksum: string
  /** In order. Each can be run again without harm: a migration that was killed half-way is finished by running it again. */
  readonly statements: readonly string[]
}

const FOLDER = new URL('../clickhouse/', import.meta.url)
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/

/** The migrations that this release knows, by version. */
export function readMigrations(): Migration[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.sql'))
  return files.sort().map((name, index) => {
    const version = Number(FILE_NAME.exec(name)?.[1])
    if (version !== index + 1)
      throw new Error(`schemas/clickhouse/${name}: expected a file ${index + 1}, NNNN_name.sql`)
    return toMigration(version, name, readFileSync(new URL(name, FOLDER), 'utf8'))
  })
}

export function toMigration(version: number, name: string, text: string): Migration {
  return { version, name, checksum: createHash('sha256').update(text).digest('hex'), statements: splitStatements(text) }
}

/** What the splitter must step over as a whole: a quoted text, a line comment, a block comment. */
const OPAQUE: readonly { open: string; close: string; quote: boolean }[] = [
  { open: "'", close: "'", quote: true },
  { open: '`', close: '`', quote: true },
  { open: '"', close: '"', quote: true },
  { open: '--', close: '\n', quote: false },
  { open: '/*', close: '*/', quote: false },
]

/** Cuts SQL at its semicolons, not at those in quotes and comments. Comments stay with the statement after them. */
export function splitStatements(text: string): string[] {
  const statements: string[] = []
  let start = 0
  let hasCode = false
  for (let at = 0; at < text.length; ) {
    const opaque = OPAQUE.find(({ open }) => text.startsWith(open, at))
    if (opaque !== undefined) {
      hasCode ||= opaque.quote
      at = endOf(text, at + opaque.open.length, opaque)
      continue
    }
    if (text[at] === ';') {
      if (hasCode) statements.push(text.slice(start, at).trim())
      start = at + 1
      hasCode = false
    } else if (text.charCodeAt(at) > 32) hasCode = true
    at++
  }
  if (hasCode) statements.push(text.slice(start).trim())
  return statements
}

/** Where the opaque piece ends that was opened before `at`; the text's end where it is never closed. */
function endOf(text: string, at: number, { close, quote }: { close: string; quote: boolean }): number {
  for (let end = at; end < text.length; end++) {
    if (quote && text[end] === '\\') end++
    else if (text.startsWith(close, end)) return end + close.length
  }
  return text.length
}
