import { escapeLines, escapeText } from './escape.ts'

/** Log text is the attacker's: no value of his may fill the disk. */
const TEXT_MAX = 512
const STACK_MAX = 4096
const ITEMS_MAX = 20
const KEYS_MAX = 40
const DEPTH_MAX = 5

const REDACTED = '[redacted]'
/** Names of what must not be logged. A file that holds a secret may be named. */
const SECRET_KEY = /pass(?:word|phrase|wd)|secret|authorization|cookie|credential|private_?key|api_?key/i
const NAMES_A_FILE = /_(?:file|path)$/i
/** Passwords in URLs and connection strings, RFC 3986 section 3.2.1. */
const URL_CREDENTIALS = /(\w:\/\/)[^\s/@]{1,200}@/g

/** Makes what is logged safe: control characters escaped, lengths and depths bounded, secrets left out. Never throws. */
export function sanitizeFacts(facts: Record<string, unknown>): Record<string, unknown> {
  return sanitizeRecord(facts, 0)
}

/** One text, bounded and escaped. */
export function sanitizeText(text: string): string {
  return withoutCredentials(escapeText(bounded(text, TEXT_MAX)))
}

function sanitizeRecord(record: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(record).slice(0, KEYS_MAX)
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const name = sanitizeText(key)
      return [name, SECRET_KEY.test(key) && !NAMES_A_FILE.test(key) ? REDACTED : sanitizeValue(value, depth)]
    }),
  )
}

function sanitizeValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return sanitizeText(value)
    case 'bigint':
      return value.toString()
    case 'object':
      return value === null ? null : sanitizeObject(value, depth + 1)
    case 'function':
    case 'symbol':
      return `[${typeof value}]`
    default:
      return value
  }
}

function sanitizeObject(value: object, depth: number): unknown {
  if (value instanceof Error) return sanitizeError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth > DEPTH_MAX) return '[…]'
  if (!Array.isArray(value)) return sanitizeRecord(value, depth)
  const items = value.slice(0, ITEMS_MAX).map((item) => sanitizeValue(item, depth))
  return value.length > ITEMS_MAX ? [...items, `… ${value.length - ITEMS_MAX} more`] : items
}

/** An error with what Node and ClickHouse add to it (`code`, `syscall`, …), its stack, and its causes. */
function sanitizeError(error: Error, depth: number): unknown {
  if (depth > DEPTH_MAX) return sanitizeText(error.message)
  const { name, message, stack, cause, ...more } = error
  return {
    type: sanitizeText(name),
    message: sanitizeText(message),
    ...(stack === undefined ? {} : { stack: withoutCredentials(escapeLines(bounded(stack, STACK_MAX))) }),
    ...sanitizeRecord(more, depth),
    ...(cause === undefined ? {} : { cause: sanitizeValue(cause, depth) }),
  }
}

function bounded(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`
}

function withoutCredentials(text: string): string {
  return text.replace(URL_CREDENTIALS, '$1***@')
}
