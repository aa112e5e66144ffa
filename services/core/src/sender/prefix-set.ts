import { isIpv4 } from './address.ts'
import { isIpv4Prefix, type Prefix, parsePrefix, prefixText } from './prefix.ts'
import { PrefixTable } from './prefix-table.ts'

/** A fixed set of address blocks, IPv4 and IPv6, made for millions of lookups. IPv6 blocks never match IPv4 addresses. */
export interface PrefixSet {
  /** Blocks in the set, equal ones counted once. */
  readonly size: number
  /** @param address 16 bytes in network order, IPv4 as ::ffff:a.b.c.d */
  has(address: Uint8Array): boolean
  /** Canonical text of the smallest block that holds the address; undefined when none does. */
  longestMatch(address: Uint8Array): string | undefined
  /** True when one block of the set holds the whole of `prefix`, e.g. a sender `192.0.2.10/32`. False for text that is no block. */
  covers(prefix: string): boolean
  /** True when an address of `prefix` is in the set: what must not be listed because a protected block lies in it, or it in one. */
  overlaps(prefix: string): boolean
}

/**
 * @param cidrs blocks or single addresses, in any order, equal ones allowed
 * @throws RangeError for text that is no block, or that has bits set behind its length: the caller checks what people wrote
 */
export function createPrefixSet(cidrs: Iterable<string>): PrefixSet {
  const ipv4: Prefix[] = []
  const ipv6: Prefix[] = []
  for (const text of cidrs) {
    const prefix = parsePrefix(text)
    if (!prefix?.exact) throw new RangeError(`no address block: ${JSON.stringify(text.slice(0, 64))}`)
    if (isIpv4Prefix(prefix)) ipv4.push(prefix)
    else ipv6.push(prefix)
  }
  return new TwoFamilies(new PrefixTable(ipv4, 12), new PrefixTable(ipv6, 0))
}

class TwoFamilies implements PrefixSet {
  readonly #ipv4: PrefixTable
  readonly #ipv6: PrefixTable

  constructor(ipv4: PrefixTable, ipv6: PrefixTable) {
    this.#ipv4 = ipv4
    this.#ipv6 = ipv6
  }

  get size(): number {
    return this.#ipv4.size + this.#ipv6.size
  }

  has(address: Uint8Array): boolean {
    return this.#family(address).find(address, 128) >= 0
  }

  longestMatch(address: Uint8Array): string | undefined {
    const family = this.#family(address)
    const found = family.find(address, 128)
    return found < 0 ? undefined : prefixText(family.bytesAt(found), family.bitsAt(found))
  }

  covers(text: string): boolean {
    const prefix = parsePrefix(text)
    return prefix !== undefined && this.#familyOf(prefix).find(prefix.bytes, prefix.bits) >= 0
  }

  overlaps(text: string): boolean {
    const prefix = parsePrefix(text)
    if (prefix === undefined) return false
    const family = this.#familyOf(prefix)
    return family.find(prefix.bytes, prefix.bits) >= 0 || family.hasInside(prefix.bytes, prefix.bits)
  }

  #family(address: Uint8Array): PrefixTable {
    return isIpv4(address) ? this.#ipv4 : this.#ipv6
  }

  #familyOf(prefix: Prefix): PrefixTable {
    return isIpv4Prefix(prefix) ? this.#ipv4 : this.#ipv6
  }
}
