import { ownText } from '../../own-text.ts'
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

/**
 * Reads a delivery line from `to=<` on. The recipient stands before the relay and the peer's reply behind the status, both strangers'
 * text: a quoted recipient that holds a relay of its own makes the line unreadable rather than believed.
 */
export function readDelivery(text: string, from: number, end: number, into: Delivery): DeliveryKind {
  const relayAt = text.indexOf(RELAY, from)
  if (relayAt < 0 || relayAt >= end) return 'unreadable'
  if (text.charCodeAt(from + 'to=<'.length) === QUOTE) {
    const again = text.indexOf(RELAY, relayAt + 1)
    if (again > 0 && again < end) return 'unreadable'
  }
  const relay = relayAt + RELAY.length
  if (!scanNamaddr(text, relay, end, into.relay)) return 'no_peer'
  if (!startsAddress(text.charCodeAt(into.relay.ipStart))) return 'no_peer'
  let at = into.relay.end
  into.connectionUse = 1
  if (text.startsWith(', conn_use=', at)) {
    const value = at + ', conn_use='.length
    into.connectionUse = Number.parseInt(text.slice(value, value + 9), 10)
    at = text.indexOf(',', value)
    if (at < 0 || at >= end) return 'unreadable'
  }
  if (!text.startsWith(', delay=', at)) return 'unreadable'
  const delays = text.indexOf(', delays=', at)
  const status = text.indexOf(', status=', at)
  if (status < 0 || status >= end) return 'unreadable'
  const delaysEnd = text.indexOf(',', delays + 1)
  into.delays = delays < 0 || delays > status ? '' : firstThree(text, delays + ', delays='.length, delaysEnd)
  const tls = text.indexOf(', tls=', at)
  into.feature = tls < 0 || tls > status ? null : ownText(text, tls + ', tls='.length, text.indexOf(',', tls + 2))
  into.sent = text.startsWith('sent ', status + ', status='.length)
  const open = text.indexOf(' (', status)
  into.reply = open < 0 || open >= end ? end : open + 2
  return 'delivery'
}

const QUOTE = 34

function startsAddress(c: number): boolean {
  return (c >= 48 && c <= 58) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70)
}

function firstThree(text: string, start: number, end: number): string {
  const last = text.lastIndexOf('/', end)
  return last > start ? text.slice(start, last) : text.slice(start, end)
}
