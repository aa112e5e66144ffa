import type { Config } from '@tlsrep/platform/config/config'
import { escapeText } from '@tlsrep/platform/log/escape'
import { appliedTier } from '@tlsrep/publisher/outputs/applied-tier'
import type { SenderExplanation } from '@tlsrep/scorer/explain'
import { momentText, wrapped } from '../output/prose.ts'
import { decisionFinder } from '../queries/covering.ts'
import type { TableStyle } from '../table/draw-table.ts'
import { days, pairs, samples } from './explanation-tables.ts'

/** Lines of prose are no longer than this, however wide the terminal. */
const WIDEST = 100

/** What a postmaster may be told of a sender, beside what is known of it. */
export interface Surroundings {
  publisher: Config['publisher']
  /** Senders inside a prefix that has no evidence of its own: evidence is kept by address. */
  within: readonly string[]
}

/** A sender's standing for a person who has to decide about it, the verdict first. */
export function explanationText(facts: SenderExplanation, around: Surroundings, style: TableStyle): string {
  const width = Math.min(style.width ?? WIDEST, WIDEST)
  if (isUnknown(facts)) return wrapped(unknownText(facts.sender, around.within), width)
  const { explanation, evidence } = facts
  const sections = [
    paragraphs(verdict(facts, around.publisher), width),
    section('Why', evidence.length === 0 ? '' : wrapped(explanation.explanation, width)),
    section('What ends it', ending(facts, width)),
    section("Operators' decisions", overrides(facts, width)),
    section('Days (UTC)', days(facts, style)),
    section('Sessions that show it', samples(facts, style)),
    section('Downgrades', pairs(facts, style)),
    section('History', history(facts)),
  ]
  return sections.filter((text) => text !== '').join('\n')
}

/** True where nothing was ever seen or decided of a sender. */
export function isUnknown({ evidence, listing, overrides: decisions, history: versions }: SenderExplanation): boolean {
  return evidence.length === 0 && listing === null && decisions.length === 0 && versions.length === 0
}

function unknownText(sender: string, within: readonly string[]): string {
  if (within.length > 0) {
    return `${sender}: evidence is kept by address. Inside it these senders are known: ${within.join(', ')}.`
  }
  const isDomain = !sender.includes('/')
  return `${sender}: nothing is known of this sender.${isDomain ? ' Evidence is kept by address, not by name.' : ''}`
}

function section(title: string, body: string): string {
  return body === '' ? '' : `${title}\n${body}`
}

function paragraphs(texts: readonly string[], width: number): string {
  return texts.map((text) => wrapped(text, width)).join('')
}

function verdict(facts: SenderExplanation, publisher: Config['publisher']): string[] {
  const { sender, listing, explanation, overrides: decisions } = facts
  const decision = decisionFinder(decisions)(sender)
  const standing =
    listing === null
      ? `${sender} is not listed by its score, which says ${explanation.reputation.tier}.`
      : `${sender} is listed at tier ${listing.tier} since ${momentText(listing.listed_at)}, for ${listing.reasons.join(', ')}.`
  if (decision?.action === 'allow')
    return [standing, `An operator has allowed it ${until(decision.until)}: no output lists it.`]
  const tier = decision?.action === 'deny' ? (decision.tier ?? 'reject') : (listing?.tier ?? null)
  return [
    standing,
    ...(decision === undefined ? [] : [`An operator has denied it at tier ${tier} ${until(decision.until)}.`]),
    ...exclusionText(facts),
    ...(tier === null ? [] : [actionText(tier, publisher)]),
  ]
}

function exclusionText({ exclusion }: SenderExplanation): string[] {
  if (exclusion === null) return []
  if (exclusion.why === 'relay') return ['It is one of our relays: what comes from it is nobody’s evidence.']
  return [`It lies in the protected pool ${exclusion.pool} and is never listed by its score.`]
}

function actionText(tier: 'clean' | 'watch' | 'tag' | 'defer' | 'reject', publisher: Config['publisher']): string {
  const { mode, cap } = publisher
  const { applied, wanted } = appliedTier({ tier }, publisher)
  if (mode === 'observe')
    return `The mode is observe: nothing is done about it. Without that it would come to ${wanted} (cap ${cap}).`
  return `With mode ${mode} and cap ${cap} it comes to ${applied}; listeners and outputs may have limits of their own.`
}

function ending({ listing, explanation }: SenderExplanation, width: number): string {
  if (listing === null) return ''
  const expiry = `It ends by itself on ${momentText(listing.expires_at)}, if nothing new is seen.`
  return wrapped(`${expiry} ${explanation.remedy}`.trim(), width)
}

function overrides({ overrides: decisions }: SenderExplanation, width: number): string {
  return decisions
    .map(({ sender, action, tier, until: end, by, why, created_at }) => {
      const what = tier === null ? action : `${action} at ${tier}`
      return wrapped(
        `${sender}: ${what} ${until(end)}, by ${escapeText(by)} on ${momentText(created_at)}: ${escapeText(why)}`,
        width,
      )
    })
    .join('')
}

function until(end: number | null): string {
  return end === null ? 'until that is withdrawn' : `until ${momentText(end)}`
}

function history({ history: versions }: SenderExplanation): string {
  return versions
    .map(({ written_at, withdrawn, tier }) => {
      return `${momentText(written_at)}  ${withdrawn ? 'delisted' : `listed at ${tier}`}\n`
    })
    .join('')
}
