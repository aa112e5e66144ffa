import { hash } from 'node:crypto'
import type { DeadLetter, DeadStage, DeadReason as LetterReason } from '@tlsrep/schemas'
import type { DeadLine } from '../pipeline/parse-run.ts'
import type { DeadReason } from '../pipeline/reconciliation.ts'

const REASONS: Readonly<Record<DeadReason, { reason: LetterReason; stage: DeadStage }>> = {
  too_long: { reason: 'too_long', stage: 'receiving' },
  no_framing: { reason: 'no_framing', stage: 'framing' },
  binary: { reason: 'binary', stage: 'framing' },
  bad_stamp: { reason: 'bad_stamp', stage: 'framing' },
  unparsed: { reason: 'unparsed_line', stage: 'parsing' },
}

/** What travels of a dead line: where it is, its hash and its shape, never what it says. */
export function deadLetter(
  dead: DeadLine,
  facts: { collector: string; sourceName: string; diedAt: number },
): DeadLetter {
  const { text, start, end, offset, refused } = dead
  return {
    ...REASONS[dead.reason],
    collector: facts.collector,
    source_name: facts.sourceName,
    source_offset: offset,
    length: refused?.length ?? end - start,
    hash: refused?.hash ?? contentHash(Buffer.from(text.slice(start, end), 'latin1')),
    shape: letterShape(text, start, end),
    detail: '',
    died_at: facts.diedAt,
  }
}

/** First 16 bytes of SHA-256. */
export function contentHash(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer').subarray(0, 16)
}

const SHAPE_MAX = 256
const A = 0x61
const NINE = 0x39
const UNKNOWN = 0x3f

/** The shape as the schema of `DeadLetter` has it: letters `a`, digits `9`, controls and bytes beyond ASCII `?`. */
export function letterShape(text: string, start: number, end: number): string {
  const codes: number[] = []
  for (let at = start; at < Math.min(end, start + SHAPE_MAX); at++) codes.push(shapeOf(text.charCodeAt(at)))
  return String.fromCharCode(...codes)
}

function shapeOf(code: number): number {
  if (code < 0x20 || code > 0x7e) return UNKNOWN
  if (code >= 0x30 && code <= 0x39) return NINE
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x7a ? A : code
}
