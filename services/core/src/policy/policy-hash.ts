import { createHash } from 'node:crypto'
import { parsePrefix } from '../sender/prefix.ts'
import type { PolicyContent } from './policy.ts'

/** Hexadecimal digits of a policy's hash: 64 bits, enough to tell policies apart, short enough to read out. */
const DIGITS = 16

/**
 * Hash of what the policy says: SHA-256 over JSON with sorted keys and with blocks in canonical form, sorted. Comments, order of keys
 * and what is left to the defaults do not change it.
 */
export function policyHash(content: PolicyContent): string {
  const canonical = {
    ...content,
    relays: canonicalBlocks(content.relays),
    protected_pools: content.protected_pools.map((pool) => ({ ...pool, cidrs: canonicalBlocks(pool.cidrs) })),
  }
  return createHash('sha256').update(sortedJson(canonical)).digest('hex').slice(0, DIGITS)
}

function canonicalBlocks(cidrs: readonly string[]): string[] {
  return [...new Set(cidrs.map((text) => parsePrefix(text)?.text ?? text))].sort()
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
