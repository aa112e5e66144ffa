import { type LineText, says, words } from '../../framing/line-bytes.ts'
import { ownText } from '../../own-text.ts'
import { indexWithin } from '../../within.ts'
import { createNamaddr, type Namaddr, scanNamaddr } from './namaddr.ts'

/**
 * A delivery line of smtp or lmtp (log_adhoc, src/global/log_adhoc.c):
 *
 *   to=<r>[, orig_to=<o>], relay=<namaddr>[, conn_use=<n>], delay=<d>, delays=<a>/<b>/<c>/<d>[, tls=<feature>], dsn=<x.y.z>, status=<s> (<text>)
 */
export interface Delivery {
  /** The relay's namaddr; undefined content where `kind` is `no_peer`. */
  relay: Namaddr
  /** 1 on a fresh connection, 2 and up on a reused one. */
  connectionUse: number
  /** `a/b/c` of delays: equal for all recipients of one delivery, different for a later try. */
  delays: string
  /** Postfix 3.11: policy and result, e.g. `may:none`; null before. */
  feature: string | null
  sent: boolean
  /** Where the text behind the status begins. */
  reply: number
}

export type DeliveryKind = 'delivery' | 'no_peer' | 'unreadable'

export function createDelivery(): Delivery {
  return { relay: createNamaddr(), connectionUse: 1, delays: '', feature: null, sent: false, reply: 0 }
}

const RELAY = '>, relay='
const CONNECTION_USE = words(', conn_use=')
const DELAY = words(', delay=')
const SENT = words('sent ')

/**
 * Reads a delivery line from `to=<` on. The recipient stands before the relay and the peer's reply behind the status, both strangers'
 * text: a quoted recipient that holds a relay of its own makes the line unreadable rather than believed.
 */
export function readDelivery(line: LineText, from: number, end: number, into: Delivery): DeliveryKind {
  const { text, bytes } = line
  const relayAt = indexWithin(text, RELAY, from, end)
  if (relayAt < 0) return 'unreadable'
  const quoted = indexWithin(text, '<"', from, relayAt) >= 0
  if (quoted && indexWithin(text, RELAY, relayAt + 1, end) > 0) return 'unreadable'
  const relay = relayAt + RELAY.length
  if (!scanNamaddr(bytes, relay, end, into.relay)) return 'no_peer'
  if (!startsAddress(bytes.getUint8(into.relay.ipStart))) return 'no_peer'
  let at = into.relay.end
  into.connectionUse = 1
  if (says(bytes, at, CONNECTION_USE)) {
    const value = at + CONNECTION_USE.length
    into.connectionUse = Number.parseInt(text.slice(value, value + 9), 10)
    at = indexWithin(text, ',', value, end)
    if (at < 0) return 'unreadable'
  }
  if (!says(bytes, at, DELAY)) return 'unreadable'
  const status = indexWithin(text, ', status=', at, end)
  if (status < 0) return 'unreadable'
  const delays = indexWithin(text, ', delays=', at, status)
  into.delays = delays < 0 ? '' : firstThree(text, delays + ', delays='.length, status)
  const tls = indexWithin(text, ', tls=', at, status)
  into.feature = tls < 0 ? null : untilComma(text, tls + ', tls='.length, status)
  into.sent = says(bytes, status + ', status='.length, SENT)
  const open = indexWithin(text, ' (', status, end)
  into.reply = open < 0 ? end : open + 2
  return 'delivery'
}

function startsAddress(c: number): boolean {
  return (c >= 48 && c <= 58) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70)
}

function firstThree(text: string, start: number, end: number): string {
  const all = untilComma(text, start, end)
  return all.slice(0, Math.max(0, all.lastIndexOf('/')))
}

function untilComma(text: string, start: number, end: number): string {
  const comma = indexWithin(text, ',', start, end)
  return ownText(text, start, comma < 0 ? end : comma)
}
