import type { EvidenceRow } from '@tlsrep/core/reputation/score'
import type { Config } from '@tlsrep/platform/config/config'
import { escapeText } from '@tlsrep/platform/log/escape'
import { appliedTier } from '@tlsrep/publisher/outputs/applied-tier'
import type { SenderExplanation } from '@tlsrep/scorer/explain'
import { drawTable, type TableStyle } from '../table/draw-table.ts'

const DAY_MS = 86_400_000
const WIDTH = 100
const DAYS_SHOWN = 30

/** A sender's standing for a person who has to decide about it, the verdict first. */
export function explanationText(facts: SenderExplanation, publisher: Config['publisher'], style: TableStyle): string {
  const width = Math.min(style.width ?? WIDTH, WIDTH)
  const sections = [
    verdict(facts, publisher),
    section('Why', wrap(facts.explanation.explanation, width)),
    section('What ends it', ending(facts, width)),
    section('Days (UTC)', days(facts, style)),
    section('Sessions that show it', samples(facts, style)),
    section('Downgrades', pairs(facts, style)),
    section("Operators' decisions", overrides(facts)),
    section('History', history(facts)),
  ]
  return sections.filter((text) => text !== '').join('\n')
}

function section(title: string, body: string): string {
  return body === '' ? '' : `${title}\n${body}`
}

function verdict(facts: SenderExplanation, publisher: Config['publisher']): string {
  const { sender, listing, exclusion, explanation } = facts
  const { reputation } = explanation
  if (facts.evidence.length === 0 && listing === null) return `${sender}: nothing is known of this sender.\n`
  const excluded =
    exclusion === null
      ? ''
      : exclusion.why === 'relay'
        ? 'It is one of our relays: what comes from it is nobody’s evidence.\n'
        : `It lies in the protected pool ${exclusion.pool} and is never listed by its score.\n`
  const allowed = facts.overrides[0]?.action === 'allow' ? 'An operator has allowed it: no output lists it.\n' : ''
  if (listing === null) return `${sender} is not listed; its score says ${reputation.tier}.\n${excluded}${allowed}`
  const { applied } = appliedTier(listing, publisher)
  const done =
    publisher.mode === 'observe'
      ? 'The mode is observe: nothing is done about it.'
      : `With mode ${publisher.mode} and cap ${publisher.cap} it comes to ${applied}.`
  return `${sender} is listed at tier ${listing.tier} since ${moment(listing.listed_at)}, for ${listing.reasons.join(', ')}. ${done}\n${excluded}${allowed}`
}

function ending({ listing, explanation }: SenderExplanation, width: number): string {
  if (listing === null) return ''
  const expiry = `It ends by itself on ${moment(listing.expires_at)}, if nothing new is seen.`
  return wrap(`${expiry} ${explanation.remedy}`, width)
}

function days({ evidence, explanation }: SenderExplanation, style: TableStyle): string {
  if (evidence.length === 0) return ''
  const factors = new Map(explanation.reputation.days.map(({ day, factor, against }) => [day, { factor, against }]))
  const columns = [
    { title: 'day' },
    { title: 'listener' },
    { title: 'what' },
    { title: 'sessions', align: 'right' as const },
    { title: 'mails', align: 'right' as const },
    { title: 'counts', align: 'right' as const },
  ]
  const rows = evidence
    .slice(-DAYS_SHOWN)
    .map((row) => [
      day(row.day),
      row.listener ?? '',
      whatOf(row),
      String(row.sessions),
      row.downgrade === null ? String(row.mails_accepted + row.mails_rejected) : '',
      row.excused ? 'excused' : `× ${(factors.get(row.day)?.factor ?? 0).toFixed(3)}`,
    ])
  const more = evidence.length - rows.length
  return drawTable(columns, rows, style) + (more > 0 ? `and ${more} older rows: tlsrep query sender\n` : '')
}

function whatOf({ direction, downgrade, outcome, fault, tls_version, cipher }: EvidenceRow): string {
  const way = direction === 'inbound' ? '' : 'outbound: '
  if (downgrade !== null) return `${way}${downgrade}: a failed handshake, then mail in clear`
  const parts = [outcome, tls_version ?? '', cipher ?? '', fault === 'none' || fault === 'peer' ? '' : `fault ${fault}`]
  return way + parts.filter((part) => part !== '').join(' ')
}

function samples({ samples: sessions }: SenderExplanation, style: TableStyle): string {
  if (sessions.length === 0) return ''
  const columns = [
    { title: 'when' },
    { title: 'host' },
    { title: 'address' },
    { title: 'name', wraps: 'anywhere' as const },
    { title: 'what' },
    { title: 'where in the log', wraps: 'anywhere' as const },
  ]
  const rows = sessions.map((session) => [
    moment(session.observed_at),
    escapeText(session.host),
    session.peer_ip.replace(/^::ffff:(?=\d+\.)/, ''),
    escapeText(session.peer_name ?? ''),
    [session.outcome, session.tls_version ?? '', session.failure_reason ?? ''].filter((part) => part !== '').join(' '),
    escapeText(`${session.source_name}:${session.source_offset}`),
  ])
  return drawTable(columns, rows, style)
}

function pairs({ pairs: found }: SenderExplanation, style: TableStyle): string {
  if (found.length === 0) return ''
  const columns = [
    { title: 'mail in clear' },
    { title: 'after the failure', align: 'right' as const },
    { title: 'which failed for' },
    { title: 'host' },
  ]
  const rows = found.map(({ observed_at, failed_at, failure_reason, host }) => [
    moment(observed_at),
    `${Math.round((observed_at - failed_at) / 1000)} s`,
    failure_reason ?? '',
    escapeText(host),
  ])
  return drawTable(columns, rows, style)
}

function overrides({ overrides: decisions }: SenderExplanation): string {
  return decisions
    .map(({ sender, action, tier, until, by, why, created_at }) => {
      const end = until === null ? 'until withdrawn' : `until ${moment(until)}`
      const what = tier === null ? action : `${action} at ${tier}`
      return `${sender}: ${what} ${end}, by ${escapeText(by)} on ${moment(created_at)}: ${escapeText(why)}\n`
    })
    .join('')
}

function history({ history: versions }: SenderExplanation): string {
  return versions
    .map(
      ({ written_at, withdrawn, tier }) => `${moment(written_at)}  ${withdrawn ? 'delisted' : `listed at ${tier}`}\n`,
    )
    .join('')
}

/** Times come as milliseconds, or as text where they were read by SQL. */
function moment(time: number | string): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function day(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10)
}

function wrap(text: string, width: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return `${[...lines, line].join('\n')}\n`
}
