import { ipText, type TlsNegotiation } from '@tlsrep/schemas'
import { describe, expect, it } from 'vitest'
import { CORPUS_SETS, corpusLog, corpusSessions, type LabelledSession, lineStarts } from '../support/corpus.ts'
import { parseLog } from '../support/parse-log.ts'

/*
 * Every session of these logs is labelled by what happened on the wire (`truth`) and by what its lines prove (`from_log`). An event
 * belongs to the session whose lines it covers and whose peer it names.
 */

/** The readiness check of each set comes from the server's own address and has no label. */
const OURSELVES = new Set(['198.18.0.25', 'fd00:25::25'])

interface Match {
  session: LabelledSession
  events: TlsNegotiation[]
}

function peerOf(session: LabelledSession): string {
  return session.direction === 'outbound' ? (session.server_ip ?? '') : session.client_ip
}

function match(set: string, events: readonly TlsNegotiation[]): { matches: Match[]; extra: TlsNegotiation[] } {
  const starts = lineStarts(corpusLog(set))
  const lineOf = new Map(starts.map((offset, index) => [offset, index + 1]))
  const matches = corpusSessions(set).map((session): Match => ({ session, events: [] }))
  const byLine = new Map<number, Match[]>()
  for (const entry of matches) {
    for (const line of entry.session.from_log.lines) byLine.set(line, [...(byLine.get(line) ?? []), entry])
  }
  const extra: TlsNegotiation[] = []
  for (const event of events) {
    const peer = ipText(event.peer_ip)
    const first = byLine.get(lineOf.get(event.source_offset) ?? 0) ?? []
    const last = byLine.get(lineOf.get(event.source_end) ?? 0) ?? []
    const found = [...first, ...last].filter((entry) => peerOf(entry.session) === peer)
    const owner = found.find((entry) => entry.events.length === 0) ?? found[0]
    if (owner !== undefined) owner.events.push(event)
    else if (!OURSELVES.has(peer)) extra.push(event)
  }
  return { matches, extra }
}

const VERSIONS: Record<string, string> = {
  TLSv1: 'TLSv1_0',
  'TLSv1.0': 'TLSv1_0',
  'TLSv1.1': 'TLSv1_1',
  'TLSv1.2': 'TLSv1_2',
  'TLSv1.3': 'TLSv1_3',
}

/** Refused by our floor, by our 530, by our answer to STARTTLS, or offered no STARTTLS: none of it is the sender's fault. */
function isOurs({ truth, direction }: LabelledSession): boolean {
  if (truth.outcome === 'refused_by_us') return true
  if (direction === 'outbound') return false
  if (truth.outcome === 'not_offered') return true
  return (
    truth.outcome === 'plaintext' &&
    truth.starttls_reply !== undefined &&
    truth.starttls_reply !== null &&
    truth.starttls_reply !== 220
  )
}

describe.each(CORPUS_SETS)('%s', (set) => {
  it('is understood to the last session, and nobody is called plaintext who was not', async () => {
    const { events } = await parseLog(corpusLog(set))
    const { matches, extra } = match(set, events)
    expect(extra.map((event) => `${event.outcome} ${ipText(event.peer_ip)} ${event.source_offset}`)).toEqual([])
    const faults: string[] = []
    for (const { session, events: mine } of matches) {
      const { from_log: want, truth, id } = session
      const event = mine[0]
      if (mine.length > 1) faults.push(`${id} doubled`)
      if (event === undefined) {
        if (want.lines.length > 0 && want.outcome !== 'unknown') faults.push(`${id} missing, want ${want.outcome}`)
        continue
      }
      if (event.outcome !== want.outcome && !want.also_ok.includes(event.outcome)) {
        faults.push(`${id} ${session.behaviour}: ${event.outcome}, want ${want.outcome}`)
      }
      if (truth.mails_plaintext === 0 && event.outcome === 'plaintext') faults.push(`${id} false plaintext`)
      if (isOurs(session) && event.fault === 'peer') faults.push(`${id} wronged`)
      if (want.version !== undefined && event.tls_version !== VERSIONS[want.version])
        faults.push(`${id} version ${event.tls_version}`)
      if (want.cipher !== undefined && event.cipher_raw !== want.cipher) faults.push(`${id} cipher ${event.cipher_raw}`)
    }
    expect(faults).toEqual([])
  })

  it('counts as mail in clear what crossed the wire in clear, or says that it cannot tell', async () => {
    const { events } = await parseLog(corpusLog(set))
    const wrong = match(set, events)
      .matches.filter(({ session, events: mine }) => {
        const counted = mine[0]?.mails_plaintext
        return session.direction === 'inbound' && counted != null && counted !== session.truth.mails_plaintext
      })
      .map(
        ({ session, events: mine }) =>
          `${session.id} ${session.behaviour}: ${mine[0]?.mails_plaintext}, was ${session.truth.mails_plaintext}`,
      )
    expect(wrong).toEqual([])
  })

  it('accounts for every line and every session', async () => {
    const { account, events } = await parseLog(corpusLog(set))
    const { lines, sessions } = account
    const ignored = Object.values(lines.ignored).reduce((sum, count) => sum + count, 0)
    const dead = Object.values(lines.dead).reduce((sum, count) => sum + count, 0)
    expect(lines.joined + ignored + dead).toBe(lines.read)
    expect(sessions.emitted + sessions.open + sessions.handed_over).toBe(sessions.opened)
    expect(sessions.emitted).toBe(events.length)
    expect(new Set(events.map((event) => Buffer.from(event.event_id).toString('hex'))).size).toBe(events.length)
  })
})
