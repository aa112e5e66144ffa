import { createFramer } from '@tlsrep/collector/framing/frame-line'
import type { LogLine } from '@tlsrep/collector/framing/framing'
import { type LineText, lineText } from '@tlsrep/collector/framing/line-bytes'
import type { Learned } from '@tlsrep/collector/parsers/parser'
import { createPostfixParser } from '@tlsrep/collector/parsers/postfix/postfix'
import type { TlsNegotiation } from '@tlsrep/schemas'
import { createEncoder, createReader } from '@tlsrep/schemas'
import { toJson } from '@tlsrep/schemas/json'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CORPUS_SETS, corpusLog, lineStarts } from '../support/corpus.ts'

/** A checkpoint reaches back further than the oldest open session, so that ordinals in one second come out the same; no longer than this is needed. */
const LOOK_BACK_MS = 2000

/** One life of a collector's parser, over the lines of one log. */
class Life {
  readonly events: string[] = []
  emitting = true
  readonly parser = createPostfixParser(
    { collector: '', maxOpenSessions: 1_000_000, listenerName: () => undefined },
    (event: TlsNegotiation) => {
      if (this.emitting) this.events.push(toJson(event))
    },
  )
  readonly #framer = createFramer({ notAfter: Date.UTC(2026, 11, 1), zone: 'UTC' })
  readonly #text: LineText
  readonly #starts: readonly number[]

  constructor(log: Buffer) {
    this.#text = lineText(log.toString('latin1'))
    this.#starts = lineStarts(log)
  }

  /** Reads lines `from` to `to`; returns the time of each. */
  read(from: number, to: number): number[] {
    const times: number[] = []
    for (let number = from; number < to; number++) {
      const start = this.#starts[number] ?? this.#text.text.length
      const next = this.#starts[number + 1] ?? this.#text.text.length + 1
      const line: LogLine = {
        ...this.#text,
        start,
        end: Math.max(start, next - 1),
        message: 0,
        time: Number.NaN,
        host: '',
        program: '',
        pid: -1,
        source: 'mail.log',
        offset: start,
      }
      if (this.#framer.frame(line) === true && this.parser.claims(line.program)) this.parser.read(line)
      times.push(line.time)
    }
    return times
  }
}

/** As a checkpoint carries it. */
function throughCheckpoint(learned: Learned): Learned {
  const encoded = createEncoder('Checkpoint').encode({
    ...{ collector: 'c', input: 'i', source_name: 'mail.log', device: null, inode: null, fingerprint: null },
    ...{ fingerprint_length: 0, size: null, emitted_to: 0, resume_from: 0, newest_line_at: null },
    ...{ ordinals: [], open_sessions: null, state_version: 1, updated_at: 0 },
    ...learned,
  })
  const read = createReader('Checkpoint').decode(encoded)
  if (!read.ok) throw new Error(read.reason)
  return read.value
}

describe('a restart', () => {
  it.each(CORPUS_SETS)('anywhere in %s gives the events that an uninterrupted run gives', (set) => {
    const log = corpusLog(set)
    const starts = lineStarts(log)
    const count = starts.length
    const whole = new Life(log)
    const times = whole.read(0, count)
    whole.parser.finish()
    fc.assert(
      fc.property(fc.integer({ min: 0, max: count }), (cut) => {
        const first = new Life(log)
        first.read(0, cut)
        const needed = first.parser.oldestOpen()?.offset
        const oldest = needed === undefined ? cut : starts.indexOf(needed)
        const since = (times[Math.min(oldest, count - 1)] ?? 0) - LOOK_BACK_MS
        const resume = Math.min(
          oldest,
          times.findIndex((time) => time >= since),
        )
        const second = new Life(log)
        const learned = throughCheckpoint(first.parser.learned())
        second.parser.restore(learned)
        second.emitting = false
        second.read(resume, cut)
        second.emitting = true
        second.parser.restore(learned)
        second.read(cut, count)
        second.parser.finish()
        expect([...first.events, ...second.events].sort()).toEqual([...whole.events].sort())
      }),
      { numRuns: 12 },
    )
  })
})
