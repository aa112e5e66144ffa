import { parseAddress } from '@tlsrep/core'
import { ipText } from '@tlsrep/schemas'
import type { ActionTally } from '../action-tally.ts'
import { type ActionLimits, type AppliedTier, appliedTier } from '../applied-tier.ts'
import type { ListingSnapshot, PublishedListing } from '../output.ts'
import { type LookupPage, replyText, reputationHeader } from '../reply-text.ts'
import type { PolicyRequest } from './policy-request.ts'

/** One of our doors, found by the port that the client connected to. */
export interface PolicyListener extends ActionLimits {
  name: string
  port: number
}

export interface PolicyDecisionOptions {
  listeners: readonly PolicyListener[]
  /** For ports that belong to no listener, and for Postfix before 3.2, which does not send the port. */
  otherwise: ActionLimits
  lookupPage: LookupPage
  tally: ActionTally
  now: () => number
}

/** What is remembered of one connection: Postfix asks about one message at a time over it (SMTPD_POLICY_README, on `instance`). */
export interface ConnectionMemory {
  /** The message that was counted last. */
  counted: string
  /** The message that was given its header last. */
  tagged: string
}

export const DUNNO = 'action=DUNNO\n\n'

/**
 * States in which Postfix takes PREPEND and keeps it for the message: an earlier one is forgotten when MAIL begins, and with
 * END-OF-MESSAGE the header section is past (access(5)).
 */
const TAGGING_STATES: ReadonlySet<string> = new Set(['MAIL', 'RCPT', 'DATA', 'BDAT'])

/**
 * Decides about requests. Whatever is not known leads to DUNNO: no list yet, an address that is none, a client that has logged in (it is
 * ours, and answers with its password for what it sends).
 */
export class PolicyDecision {
  readonly #options: PolicyDecisionOptions
  readonly #byPort: ReadonlyMap<number, PolicyListener>
  #snapshot: ListingSnapshot | undefined

  constructor(options: PolicyDecisionOptions) {
    this.#options = options
    this.#byPort = new Map(options.listeners.map((listener) => [listener.port, listener]))
  }

  use(snapshot: ListingSnapshot): void {
    this.#snapshot = snapshot
  }

  /** The reply, with the empty line that ends it. */
  decide(request: PolicyRequest, memory: ConnectionMemory): string {
    if (this.#snapshot === undefined || request.authenticated) return DUNNO
    const address = parseAddress(request.clientAddress)
    if (address === undefined) return DUNNO
    const listing = this.#snapshot.match(address, this.#options.now())
    return listing === undefined ? DUNNO : this.#act(listing, ipText(address), request, memory)
  }

  #act(listing: PublishedListing, client: string, request: PolicyRequest, memory: ConnectionMemory): string {
    const listener = this.#byPort.get(request.serverPort)
    const tier = appliedTier(listing, listener ?? this.#options.otherwise)
    if (tier.applied === 'tag') return this.#tag(listing, tier, client, request, memory)
    this.#count(listing, tier, client, request, memory)
    if (tier.applied !== 'defer' && tier.applied !== 'reject') return DUNNO
    const text = replyText(listing, client, this.#options.lookupPage)
    return tier.applied === 'defer' ? `action=DEFER_IF_PERMIT 4.7.1 ${text}\n\n` : `action=REJECT 5.7.1 ${text}\n\n`
  }

  /** Once for each message: it is asked about for each of its recipients. Without an instance only DATA comes once. */
  #tag(
    listing: PublishedListing,
    tier: AppliedTier,
    client: string,
    request: PolicyRequest,
    memory: ConnectionMemory,
  ): string {
    const { protocolState, instance } = request
    if (!TAGGING_STATES.has(protocolState)) return DUNNO
    if (instance === '' ? protocolState !== 'DATA' : instance === memory.tagged) return DUNNO
    memory.tagged = instance
    this.#count(listing, tier, client, request, memory)
    return `action=PREPEND ${reputationHeader(listing, tier.applied)}\n\n`
  }

  #count(
    listing: PublishedListing,
    tier: AppliedTier,
    client: string,
    { serverPort, instance }: PolicyRequest,
    memory: ConnectionMemory,
  ): void {
    if (instance !== '' && instance === memory.counted) return
    memory.counted = instance
    const listener = this.#byPort.get(serverPort)?.name ?? null
    this.#options.tally.count(listing, tier, { output: 'policy-service', listener, client })
  }
}
