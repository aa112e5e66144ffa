import { parseAddress } from '@tlsrep/core'
import { parseSender, prefixLength, type SenderKey } from '@tlsrep/core/sender/sender-key'
import type { Tier } from '@tlsrep/schemas'
import fc from 'fast-check'
import { addressIn, arbitraryPrefix } from '../outputs/parity-addresses.test-support.ts'
import type { HeldOverride } from './effective-list.ts'
import { SenderMap } from './sender-map.ts'

/** What happens to a list. Times are milliseconds from the moment it happens. */
export type Op =
  | { op: 'score'; sender: string; tier: Tier; expires_at: number }
  | { op: 'delist'; sender: string }
  | { op: 'allow' | 'deny'; sender: string; expires_at: number }
  | { op: 'withdraw'; sender: string }
  | { op: 'wait'; ms: number }

const end = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(1_000_000))
const tier = fc.constantFrom<Tier>('watch', 'tag', 'defer', 'reject')
export const arbitraryOp: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('score' as const), sender: arbitraryPrefix, tier, expires_at: end }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('delist' as const), sender: arbitraryPrefix }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('allow' as const, 'deny' as const),
      sender: arbitraryPrefix,
      expires_at: end,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('withdraw' as const), sender: arbitraryPrefix }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.nat(40) }) },
)

export function keyOf(sender: string): SenderKey {
  const key = parseSender(sender)
  if (key === undefined) throw new Error(`${sender} is not canonical`)
  return key
}

export function overrideOf(sender: string, action: 'allow' | 'deny', expires_at: number): HeldOverride {
  return {
    sender,
    action,
    tier: action === 'deny' ? 'reject' : null,
    until: expires_at,
    by: 'op',
    why: 'w',
    created_at: 0,
    expires_at,
  }
}

/** What operators and scores say at one moment, as plain maps. */
export interface Facts {
  now: number
  version: number
  scores: Map<string, { tier: Tier; expires_at: number }>
  overrides: Map<string, HeldOverride>
  pools: readonly string[]
}

/** Every rule of the list said about one address, by looking at everything. */
export function expectedTier(facts: Facts, address: string): Tier | undefined {
  if (['127.0.0.0/8', '::1/128'].some((loopback) => covers(loopback, address))) return undefined
  const holds = (prefix: string): boolean => covers(prefix, address)
  const live = [...facts.overrides.values()].filter(({ sender, expires_at }) => expires_at > facts.now && holds(sender))
  if (live.some(({ action }) => action === 'allow')) return undefined
  const denied = Math.max(-1, ...live.map(({ sender }) => prefixLength(sender)))
  const pool = Math.max(-1, ...facts.pools.filter(holds).map(prefixLength))
  if (denied >= 0) return denied >= pool ? 'reject' : undefined
  if (pool >= 0) return undefined
  const scored = [...facts.scores.entries()].filter(
    ([sender, { expires_at }]) => expires_at > facts.now && holds(sender),
  )
  return scored.sort(([a], [b]) => prefixLength(b) - prefixLength(a))[0]?.[1].tier
}

function covers(prefix: string, address: string): boolean {
  const one = new SenderMap<{ sender: string; expires_at: number }>()
  one.set(keyOf(prefix), { sender: prefix, expires_at: Number.POSITIVE_INFINITY })
  return one.longest(bytesOf(address), 0) !== undefined
}

export function bytesOf(address: string): Uint8Array {
  const bytes = parseAddress(address)
  if (bytes === undefined) throw new Error(`${address} is no address`)
  return bytes
}

/** Takes what happened into the plain maps. */
export function note(facts: Facts, op: Op): void {
  switch (op.op) {
    case 'score':
      facts.version++
      facts.scores.set(op.sender, { tier: op.tier, expires_at: facts.now + op.expires_at })
      break
    case 'delist':
      facts.scores.delete(op.sender)
      break
    case 'allow':
    case 'deny':
      facts.overrides.set(op.sender, overrideOf(op.sender, op.op, facts.now + op.expires_at))
      break
    case 'withdraw':
      facts.overrides.delete(op.sender)
      break
    case 'wait':
      facts.now += op.ms
  }
}

export function noFacts(pools: readonly string[], now = 0): Facts {
  return { now, version: 0, scores: new Map(), overrides: new Map(), pools }
}

/** One address in each prefix that was spoken of. */
export function namedAddresses(facts: Facts): string[] {
  return [...facts.scores.keys(), ...facts.overrides.keys(), ...facts.pools].map(addressIn)
}
