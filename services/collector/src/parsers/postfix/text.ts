import type { LineText } from '../../framing/line-bytes.ts'
import { ownText, ownUtf8 } from '../../own-text.ts'
import { indexWithin, lastIndexWithin } from '../../within.ts'
import { TextMemo } from '../text-memo.ts'

const AT = 64
const COLON = 58
const GREATER = 62
const SLASH = 47
const COMMA = 44
const BLANK = 32
const QUEUE_ID_MAX = 32
const DOMAIN_MAX = 255
const HELO_MAX = 255

/**
 * Skips `<queue id>: ` or `NOQUEUE: `.
 * @returns the index after it, or -1 when there is none
 */
export function skipQueueId(bytes: DataView, from: number, end: number): number {
  const limit = Math.min(end, from + QUEUE_ID_MAX)
  for (let at = from; at < limit; at++) {
    const c = bytes.getUint8(at)
    if (c === COLON) return at > from + 4 && bytes.getUint8(at + 1) === BLANK ? at + 2 : -1
    const alphanumeric = (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)
    if (!alphanumeric) return -1
  }
  return -1
}

/**
 * Domain of an envelope address between `start` and `end`, lower case; empty for the null sender. Everything before the last `@` is
 * the local part, quoted text and blanks included: so it is read from its end.
 * @returns undefined when there is no domain, or it holds what no domain can
 */
export function addressDomain(line: LineText, start: number, end: number): string | undefined {
  if (start === end) return ''
  const { bytes } = line
  const limit = Math.max(start, end - 1 - DOMAIN_MAX)
  let ascii = true
  for (let at = end - 1; at >= limit; at--) {
    const c = bytes.getUint8(at)
    if (c === AT) return at + 1 === end ? undefined : domainText(line, at + 1, end, ascii)
    if (c > 127) ascii = false
    else if (!isOfDomain(c)) return undefined
  }
  return undefined
}

/** Letters, digits, and what stands in labels and address literals. */
function isOfDomain(c: number): boolean {
  const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90)
  return letter || (c >= 45 && c <= 58 && c !== SLASH) || c === 95 || c === 91 || c === 93
}

/** Most mail comes from a few domains. */
const KNOWN_DOMAINS = 1024
const known = new TextMemo<string>(KNOWN_DOMAINS)

function domainText(line: LineText, start: number, end: number, ascii: boolean): string {
  const found = known.find(line, start, end)
  if (found !== undefined) return found
  const { text } = line
  const domain = (ascii ? ownText(text, start, end) : ownUtf8(text, start, end)).toLowerCase()
  known.keep(line, start, end, domain)
  return domain
}

/** Envelope and HELO of a reject line: `…; from=<…> to=<…> proto=… helo=<…>` (postscreen puts commas between). */
export interface RejectTail {
  helo: string | null
  senderDomain: string | null
}

/**
 * Reads the tail of a reject line. The recipient stands before it and inside it, the sender is not masked, and both are the client's
 * text: a field that occurs twice is not believed.
 */
export function rejectTail(line: LineText, from: number, end: number): RejectTail {
  return { helo: helo(line.text, from, end), senderDomain: rejectedSender(line, from, end) }
}

/** Postfix masks blanks and angle brackets of a HELO as `?`: the last ` helo=<` is its own. */
function helo(text: string, from: number, end: number): string | null {
  if (text.charCodeAt(end - 1) !== 62) return null
  const at = lastIndexWithin(text, ' helo=<', from, end)
  const start = at + ' helo=<'.length
  if (at < 0 || end - 1 <= start || end - start > HELO_MAX) return null
  return ownUtf8(text, start, end - 1)
}

function rejectedSender(line: LineText, from: number, end: number): string | null {
  const { text } = line
  const mark = '; from=<'
  const at = indexWithin(text, mark, from, end)
  if (at < 0 || lastIndexWithin(text, mark, at, end) !== at) return null
  const close = senderEnd(text, at, end)
  return close < 0 ? null : (addressDomain(line, at + mark.length, close) ?? null)
}

/** Index of the bracket before ` to=<` or `, to=<`; -1 where there is none, or more than one. */
function senderEnd(text: string, from: number, end: number): number {
  const mark = ' to=<'
  let close = -1
  for (let at = indexWithin(text, mark, from, end); at > 0; at = indexWithin(text, mark, at + 1, end)) {
    const bracket = text.charCodeAt(at - 1) === COMMA ? at - 2 : at - 1
    if (text.charCodeAt(bracket) !== GREATER) continue
    if (close >= 0) return -1
    close = bracket
  }
  return close
}

/** A queue id, copied. */
export function queueId(text: string, from: number, afterColon: number): string {
  return ownText(text, from, afterColon - 2)
}
