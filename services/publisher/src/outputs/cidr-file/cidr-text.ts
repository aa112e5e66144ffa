import { parseSender, type SenderKey } from '@tlsrep/core/sender/sender-key'
import { SenderMap } from '../../list/sender-map.ts'
import { type ActionLimits, appliedTier } from '../applied-tier.ts'
import type { ListingSnapshot, PublishedListing } from '../output.ts'
import { type LookupPage, replyText, reputationHeader, rfc3339 } from '../reply-text.ts'

/**
 * Which table the file is for: `smtpd` takes the actions of access(5), `postscreen` (postscreen_access_list) only permit, reject and dunno.
 */
export type CidrFlavour = 'smtpd' | 'postscreen'

export interface CidrTextOptions extends ActionLimits {
  flavour: CidrFlavour
  lookupPage: LookupPage
}

/** What of a snapshot goes into the file, taken at one moment. */
export interface CidrContent {
  sequence: bigint
  /** Rules in the order of the file: cidr_table(5) takes the first that matches. */
  rules: readonly CidrRule[]
}

export interface CidrRule {
  prefix: string
  action: string
}

/**
 * The rules for a list, the most specific first, so that the first match is the longest. An address in no rule and a listing without an action here (`watch`, or `tag` in postscreen, which cannot mark mail) come to the same.
 * An exemption, and a listing without an action, are written only where a wider rule would hit them otherwise.
 *
 * In mode `observe` smtpd's flavour has WARN rules: Postfix logs what would have been done, and does nothing. postscreen cannot; its file
 * has no rules then.
 */
export function cidrContent(snapshot: ListingSnapshot, options: CidrTextOptions): CidrContent {
  const now = snapshot.takenAt
  const rules = new RulesByLength()
  const acting = new SenderMap<PublishedListing>()
  const quiet: PublishedListing[] = []
  for (const listing of snapshot.listings.values()) {
    const key = parseSender(listing.sender)
    if (key === undefined || key.kind === 'name' || listing.expires_at <= now) continue
    const action = actionFor(listing, options)
    if (action === undefined) quiet.push(listing)
    else {
      rules.add(key.length, { prefix: listing.sender, action })
      acting.set(key, listing)
    }
  }
  const standing = options.flavour === 'smtpd' ? 'DUNNO' : 'dunno'
  for (const entry of [...snapshot.exemptions.values(), ...quiet]) {
    const key = parseSender(entry.sender)
    if (key === undefined || key.kind === 'name' || entry.expires_at <= now) continue
    if (standsInWider(key, acting)) rules.add(key.length, { prefix: entry.sender, action: standing })
  }
  return { sequence: snapshot.sequence, rules: rules.longestFirst() }
}

/** False for an exemption at the very prefix of a listing: it is a pool then that an operator denied, and the listing holds. */
function standsInWider(key: SenderKey, acting: SenderMap<PublishedListing>): boolean {
  if (acting.at(key) !== undefined) return false
  for (const _ of acting.covering(key)) return true
  return false
}

class RulesByLength {
  readonly #rules: CidrRule[][] = Array.from({ length: 129 }, () => [])

  add(length: number, rule: CidrRule): void {
    this.#rules[length]?.push(rule)
  }

  longestFirst(): CidrRule[] {
    return this.#rules.reverse().flat()
  }
}

/** The file's first line: what it is, of when, and until when it is to be believed. */
export function cidrHead(content: CidrContent, flavour: CidrFlavour, writtenAt: number, validUntil: number): string {
  const facts = `sequence ${content.sequence}, ${content.rules.length} rules`
  return `# tlsrep ${flavour} access table, written ${rfc3339(writtenAt)}, valid until ${rfc3339(validUntil)}, ${facts}\n`
}

/** Last line, by which a reader sees that nothing is missing. */
export function cidrTail(content: CidrContent): string {
  return `# end, ${content.rules.length} rules\n`
}

function actionFor(listing: PublishedListing, options: CidrTextOptions): string | undefined {
  const { applied, wanted } = appliedTier(listing, options)
  if (options.flavour === 'postscreen') return applied === 'reject' ? 'reject' : undefined
  const address = listing.sender.slice(0, listing.sender.lastIndexOf('/'))
  switch (applied) {
    case 'tag':
      return `PREPEND ${reputationHeader(listing, applied)}`
    case 'defer':
      return `DEFER_IF_PERMIT 4.7.1 ${replyText(listing, address, options.lookupPage)}`
    case 'reject':
      return `REJECT 5.7.1 ${replyText(listing, address, options.lookupPage)}`
    default: {
      const would = options.mode === 'observe' && wanted !== 'watch' && wanted !== 'clean'
      return would ? `WARN tlsrep would ${wanted} ${listing.sender} (${listing.reasons.join(', ')})` : undefined
    }
  }
}
