import { Writable } from 'node:stream'
import { deadLetter } from '@tlsrep/collector/dead-letters/dead-letter'
import { createFramer } from '@tlsrep/collector/framing/frame-line'
import { openFileSource } from '@tlsrep/collector/inputs/file-source'
import { createPostfixParser } from '@tlsrep/collector/parsers/postfix/postfix'
import { ParseRun, parseSource } from '@tlsrep/collector/pipeline/parse-run'
import { UnknownNames } from '@tlsrep/core'
import type { TlsNegotiation } from '@tlsrep/schemas'
import { toJson } from '@tlsrep/schemas/json'
import { parse } from '../../../services/cli/src/commands/parse.ts'
import type { EventJson, StoredLetter } from './stored.ts'

/** Name of the collector where none is configured. */
export const COLLECTOR = 'local'

/** What `tlsrep parse` prints of one file. */
export async function printedEvents(path: string, now: number): Promise<EventJson[]> {
  const [stdout, stderr] = [new Gathered(), new Gathered()]
  const streams = { stdout: stdout as unknown as NodeJS.WriteStream, stderr: stderr as unknown as NodeJS.WriteStream }
  const signal = new AbortController().signal
  const options = { mta: 'auto', tz: { everywhere: 'UTC', byHost: new Map() }, collector: COLLECTOR } as const
  const io = { ...streams, env: {}, signal, now: () => now }
  const code = await parse([path], { ...options, json: true, progress: false }, io)
  if (code !== 0) throw new Error(`tlsrep parse ${path} ended with ${code}: ${stderr.text}`)
  return byId(
    stdout.text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as EventJson),
  )
}

export interface ParsedFiles {
  /** Events of sessions that ended, in the order of their ids. */
  ended: EventJson[]
  /** Sessions whose end is in none of the files. */
  open: number
  letters: StoredLetter[]
}

/** What files that are one log come to, in their order, while it is not known that nothing more is to come. */
export async function parseGrowing(paths: readonly string[], now: number): Promise<ParsedFiles> {
  const events: TlsNegotiation[] = []
  const letters: StoredLetter[] = []
  const run = new ParseRun({
    framer: createFramer({ notAfter: now, zone: 'UTC' }),
    parsers: [createPostfixParser],
    parserOptions: {
      collector: COLLECTOR,
      maxOpenSessions: 200_000,
      listenerName: () => undefined,
      unknownNames: new UnknownNames(),
    },
    emit: (event) => events.push(event),
    onDead: (dead) => {
      const letter = deadLetter(dead, { collector: COLLECTOR, sourceName: dead.source, diedAt: now })
      const { reason, source_offset, length, shape } = letter
      letters.push({ reason, source_offset, length, shape })
    },
  })
  for (const path of paths) {
    const source = await openFileSource(path, { now })
    await parseSource(run, source, new AbortController().signal, () => undefined)
  }
  const { open } = run.reconciliation().sessions
  return { ended: byId(events.map((event) => JSON.parse(toJson(event)) as EventJson)), open, letters }
}

export function byId(events: readonly EventJson[]): EventJson[] {
  return events.toSorted((a, b) => (a.event_id < b.event_id ? -1 : 1))
}

class Gathered extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}
