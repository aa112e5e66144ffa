import { createFramer } from '@tlsrep/collector/framing/frame-line'
import { lineBlocks } from '@tlsrep/collector/inputs/line-blocks'
import { createPostfixParser } from '@tlsrep/collector/parsers/postfix/postfix'
import { ParseRun } from '@tlsrep/collector/pipeline/parse-run'
import type { Reconciliation } from '@tlsrep/collector/pipeline/reconciliation'
import { UnknownNames } from '@tlsrep/core'
import type { TlsNegotiation } from '@tlsrep/schemas'
import { toJson } from '@tlsrep/schemas/json'

export interface ParsedLog {
  events: TlsNegotiation[]
  /** The events as `tlsrep parse` prints them. */
  json: string[]
  account: Reconciliation
}

export interface ParseLogOptions {
  source?: string
  year?: number
  zone?: string
  notAfter?: number
  maxOpenSessions?: number
  /** Where to cut the bytes into chunks; whole by default. */
  chunkBytes?: number
}

/** What a log comes to through the whole way of `tlsrep parse`, but for the file and the terminal. */
export async function parseLog(log: string | Uint8Array, options: ParseLogOptions = {}): Promise<ParsedLog> {
  const bytes = typeof log === 'string' ? Buffer.from(log, 'utf8') : log
  const source = options.source ?? 'mail.log'
  const notAfter = options.notAfter ?? Date.UTC(2026, 11, 1)
  const events: TlsNegotiation[] = []
  const run = new ParseRun({
    framer: createFramer({ notAfter, zone: options.zone ?? 'UTC', ...(options.year && { year: options.year }) }),
    parsers: [createPostfixParser],
    parserOptions: {
      collector: '',
      maxOpenSessions: options.maxOpenSessions ?? 1_000_000,
      listenerName: () => undefined,
      unknownNames: new UnknownNames(),
    },
    emit: (event) => events.push(event),
    yearGiven: options.year !== undefined,
  })
  run.startSource({ name: source, modifiedAt: notAfter })
  const pieces = chunks(bytes, options.chunkBytes ?? Math.max(1, bytes.length))
  for await (const item of lineBlocks(source, pieces)) run.take(item)
  run.finish()
  return { events, json: events.map(toJson), account: run.reconciliation() }
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
