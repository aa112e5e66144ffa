import { isIpv4, parseAddress, senderPrefix } from './address.ts'
import { parsePrefix } from './prefix.ts'

/**
 * A sender as a table finds it: the family, the prefix length, and the bits of the prefix as one number. IPv4 keys are 32-bit integers
 * (signed, so that V8 keeps them without a heap object), IPv6 keys are the first `length` bits.
 */
export type SenderKey =
  | { readonly kind: 'v4'; readonly key: number; readonly length: number }
  | { readonly kind: 'v6'; readonly key: bigint; readonly length: number }
  | { readonly kind: 'name'; readonly name: string }

/** Longest domain name in text, RFC 1035 section 2.3.4. */
const NAME_MAX = 253
const NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Reads a canonical sender: a prefix without host bits, or a domain in lower case. By hand, beside `parsePrefix` of the core, since it runs
 * for each of a million listings and needs neither text nor bytes of its own.
 * @returns undefined when it is neither
 */
export function parseSender(text: string): SenderKey | undefined {
  const slash = text.lastIndexOf('/')
  if (slash < 0) return text.length <= NAME_MAX && NAME.test(text) ? { kind: 'name', name: text } : undefined
  const length = prefixLength(text)
  // parseAddress takes what logs write around an address; a sender has none of that.
  if (length < 0 || text.includes('%') || text.startsWith('IPv6:')) return undefined
  const address = parseAddress(text.slice(0, slash))
  if (address === undefined) return undefined
  const bits = isIpv4(address) ? 32 : 128
  if (length > bits || hasHostBits(address, 128 - bits + length)) return undefined
  return bits === 32
    ? { kind: 'v4', key: v4Key(v4Bits(address), length), length }
    : { kind: 'v6', key: v6Key(address, length), length }
}

/** The length after the slash of a prefix, 0 to 128; -1 where there is none. */
export function prefixLength(sender: string): number {
  const slash = sender.lastIndexOf('/')
  const digits = sender.length - slash - 1
  if (slash < 0 || digits < 1 || digits > 3) return -1
  let length = 0
  for (let i = slash + 1; i < sender.length; i++) {
    const digit = sender.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
  }
  return length <= 128 ? length : -1
}

/** The four bytes of an IPv4 address as an integer. */
export function v4Bits(address: Uint8Array): number {
  return ((address[12] ?? 0) << 24) | ((address[13] ?? 0) << 16) | ((address[14] ?? 0) << 8) | (address[15] ?? 0)
}

export function v4Key(bits: number, length: number): number {
  return length === 0 ? 0 : (bits >>> (32 - length)) | 0
}

export function v6Key(address: Uint8Array, length: number): bigint {
  const view = new DataView(address.buffer, address.byteOffset, 16)
  const high = view.getBigUint64(0)
  if (length <= 64) return high >> BigInt(64 - length)
  return ((high << 64n) | view.getBigUint64(8)) >> BigInt(128 - length)
}

/** True when a bit behind the first `length` of 128 is set. */
function hasHostBits(address: Uint8Array, length: number): boolean {
  for (let bit = length; bit < 128; bit += 8 - (bit % 8)) {
    if (((address[bit >> 3] ?? 0) & (0xff >> (bit % 8))) !== 0) return true
  }
  return false
}

export type CanonicalSender = { ok: true; sender: string } | { ok: false; message: string; remedy: string }

/**
 * What a person wrote, as a sender: an address stands for the prefix that evidence is kept under (/32, or the /64 of an IPv6 address), a
 * prefix of any length for itself, anything else for a domain.
 */
export function canonicalSender(text: string): CanonicalSender {
  const trimmed = text.trim()
  const prefix = parsePrefix(trimmed)
  if (prefix === undefined) return trimmed.includes('/') ? noPrefix() : canonicalName(trimmed)
  if (!trimmed.includes('/')) return { ok: true, sender: senderPrefix(prefix.bytes) }
  if (prefix.exact) return { ok: true, sender: prefix.text }
  const message = 'the address has bits set behind the prefix length'
  return { ok: false, message, remedy: `Write ${prefix.text} if you mean the whole network.` }
}

function noPrefix(): CanonicalSender {
  const remedy = 'Write ADDRESS/LENGTH with a length up to 32 for IPv4 and up to 128 for IPv6.'
  return { ok: false, message: 'this is no prefix', remedy }
}

function canonicalName(text: string): CanonicalSender {
  const name = text.toLowerCase().replace(/\.$/, '')
  if (parseSender(name)?.kind === 'name') return { ok: true, sender: name }
  const remedy = 'Write an address, ADDRESS/LENGTH, or a domain name such as example.org (in its xn-- form).'
  return { ok: false, message: 'this is no address, no prefix and no domain name', remedy }
}
