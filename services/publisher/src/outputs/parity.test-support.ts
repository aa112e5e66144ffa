import type { Tier } from '@tlsrep/schemas'
import fc from 'fast-check'
import { expect } from 'vitest'
import {
  arbitraryOp,
  expectedTier,
  type Facts,
  namedAddresses,
  noFacts,
  note,
  type Op,
} from '../list/history.test-support.ts'
import {
  listingRecord,
  MovedClock,
  overrideRecord,
  START,
  type TestPublisher,
  testPublisher,
  tombstone,
} from '../publisher.test-support.ts'
import type { Publisher } from '../publisher.ts'
import type { Output } from './output.ts'
import { arbitraryAddress, arbitraryPrefix } from './parity-addresses.test-support.ts'

/** An output under the parity test, asked as its MTA would ask it, with cap and mode `reject`. */
export interface ParityProbe {
  readonly name: string
  /** Null for what reads the publisher itself, like the feed. */
  readonly output: Output | null
  /** Given the publisher once it is started. */
  attach?(publisher: Publisher): Promise<void>
  /** The tier that the output applies to the address; `clean` where it lets it pass. */
  readonly tierOf: (address: string) => Promise<Tier>
  /** What the output shows of a tier: one that cannot say `watch` shows `clean`. */
  readonly shows: (tier: Tier) => Tier
}

/** A unit of a history's times: long enough for every output's least interval. */
const STEP_MS = 60_000

/**
 * The one membership test over all outputs: after any history of listings, overrides and expiries, each says of every address what the
 * rules say, so that they say the same. `makeProbes` is called for each history and makes fresh outputs.
 */
export async function expectParity(
  makeProbes: (clock: MovedClock) => Promise<readonly ParityProbe[]>,
  numRuns = 40,
): Promise<void> {
  const pools = fc.uniqueArray(arbitraryPrefix, { maxLength: 2 })
  const ops = fc.array(arbitraryOp, { maxLength: 25 })
  const strangers = fc.array(arbitraryAddress, { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(pools, ops, strangers, async (pools, ops, strangers) => {
      const facts = noFacts(pools, START)
      const clock = new MovedClock()
      const probes = await makeProbes(clock)
      const outputs = probes.flatMap(({ output }) => output ?? [])
      const running = await testPublisher({ clock, outputs, protectedPools: pools })
      try {
        for (const probe of probes) await probe.attach?.(running.publisher)
        for (const op of ops) await happen(facts, inSteps(op), running)
        // Between two steps, so that nothing ends while the outputs are asked.
        await clock.advance(STEP_MS / 2)
        facts.now = clock.now()
        await running.publisher.settled()
        await compare(facts, [...strangers, ...namedAddresses(facts)], probes)
      } finally {
        await running.publisher.close()
      }
    }),
    { numRuns },
  )
}

async function compare(facts: Facts, addresses: readonly string[], probes: readonly ParityProbe[]): Promise<void> {
  for (const address of addresses) {
    const tier = expectedTier(facts, address) ?? 'clean'
    for (const { name, tierOf, shows } of probes) {
      expect({ by: name, address, tier: await tierOf(address) }).toEqual({ by: name, address, tier: shows(tier) })
    }
  }
}

function inSteps(op: Op): Op {
  if ('ms' in op) return { ...op, ms: op.ms * STEP_MS }
  return 'expires_at' in op ? { ...op, expires_at: op.expires_at * STEP_MS } : op
}

/** Lets it happen on the topics. */
async function happen(facts: Facts, op: Op, { clock, listings, overrides }: TestPublisher): Promise<void> {
  note(facts, op)
  switch (op.op) {
    case 'score': {
      const { sender, tier } = op
      return listings(listingRecord(sender, { tier, expires_at: clock.now() + op.expires_at, sequence: facts.version }))
    }
    case 'delist':
      return listings(tombstone(op.sender))
    case 'allow':
    case 'deny':
      return overrides(overrideRecord(op.sender, op.op, { until: clock.now() + op.expires_at }))
    case 'withdraw':
      return overrides(tombstone(op.sender))
    case 'wait':
      return clock.advance(op.ms)
  }
}
