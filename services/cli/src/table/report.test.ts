import { describe, expect, it } from 'vitest'
import { BlindSpots } from './blind-spots.ts'
import { drawReport } from './draw-report.ts'
import type { TableStyle } from './draw-table.ts'
import { OutcomeTable } from './outcome-table.ts'
import { PeerTable } from './peer-table.ts'
import { ReportBuilder } from './report.ts'
import { ipv4, testEvent } from './test-event.ts'

const PLAIN: TableStyle = { width: undefined, rule: false, colour: false }
const NARROW: TableStyle = { width: 80, rule: true, colour: false }

const plaintext = { outcome: 'plaintext', fault: 'peer', tls_version: null } as const
const failed = { outcome: 'handshake_failed', fault: 'unknown', tls_version: null } as const

describe('OutcomeTable', () => {
  it('counts by direction, outcome and version, with shares of the direction', () => {
    const table = new OutcomeTable()
    for (let count = 0; count < 3; count++) table.add(testEvent())
    table.add(testEvent(plaintext))
    table.add(testEvent({ direction: 'outbound' }))
    expect(table.rows()).toEqual([
      { direction: 'inbound', outcome: 'negotiated', tls_version: 'TLSv1_3', sessions: 3, share: 0.75 },
      { direction: 'inbound', outcome: 'plaintext', tls_version: null, sessions: 1, share: 0.25 },
      { direction: 'outbound', outcome: 'negotiated', tls_version: 'TLSv1_3', sessions: 1, share: 1 },
    ])
  })
})

describe('PeerTable', () => {
  it('ranks by mail in clear, then deprecated versions, then failed handshakes', () => {
    const table = new PeerTable()
    const add = (last: number, times: number, fields: Parameters<typeof testEvent>[0]): void => {
      for (let count = 0; count < times; count++) table.add(testEvent({ ...fields, peer_ip: ipv4(192, 0, 2, last) }))
    }
    add(1, 9, failed)
    add(2, 5, { tls_version: 'TLSv1_0' })
    add(3, 1, plaintext)
    add(4, 7, {})
    expect(table.worst(20).map(({ peer_ip }) => peer_ip)).toEqual(['192.0.2.3', '192.0.2.2', '192.0.2.1'])
    expect(table.worst(1)).toMatchObject([{ peer_ip: '192.0.2.3', plaintext: 1, sessions: 1 }])
  })

  it('holds nothing against a peer that was our own doing or is not proven', () => {
    const table = new PeerTable()
    table.add(testEvent({ ...plaintext, fault: 'unknown' }))
    table.add(testEvent({ ...failed, fault: 'local' }))
    table.add(testEvent({ ...failed, fault: 'our_floor' }))
    expect(table.worst(20)).toEqual([])
  })

  it('leaves our own machine out', () => {
    const table = new PeerTable()
    const loopback6 = new Uint8Array(16)
    loopback6[15] = 1
    table.add(testEvent({ ...plaintext, peer_ip: ipv4(127, 0, 0, 1) }))
    table.add(testEvent({ ...plaintext, peer_ip: loopback6 }))
    expect(table.worst(20)).toEqual([])
  })

  it('keeps the worst when there are too many, and says how many it forgot', () => {
    const table = new PeerTable(100)
    for (let round = 0; round < 5; round++) table.add(testEvent({ ...plaintext, peer_ip: ipv4(203, 0, 113, 9) }))
    for (let peer = 0; peer < 1000; peer++) table.add(testEvent({ peer_ip: ipv4(10, 0, peer >> 8, peer & 255) }))
    expect(table.worst(20)).toMatchObject([{ peer_ip: '203.0.113.9', plaintext: 5 }])
    expect(table.forgotten).toBeGreaterThan(900)
  })

  it('shows the last name and the newest time that the log has for a peer', () => {
    const table = new PeerTable()
    table.add(testEvent({ ...plaintext, peer_name: 'old.example', ended_at: 5000 }))
    table.add(testEvent({ ...plaintext, peer_name: 'new.example', ended_at: 9000 }))
    table.add(testEvent({ ...plaintext, ended_at: 7000 }))
    expect(table.worst(1)).toMatchObject([{ peer_name: 'new.example', last_seen: 9000 }])
  })
})

describe('BlindSpots', () => {
  const spotsOf = (...events: Parameters<typeof testEvent>[0][]): Record<string, number> => {
    const spots = new BlindSpots()
    for (const fields of events) spots.add(testEvent(fields))
    return Object.fromEntries(spots.report(0).map(({ name, sessions }) => [name, sessions]))
  }

  it('says nothing about a log that shows everything', () => {
    expect(spotsOf({}, plaintext, failed)).toEqual({})
  })

  it('names the setting for TLS sessions without a version', () => {
    expect(spotsOf({ tls_version: null }, { tls_version: null }, {})).toEqual({ inbound_version_not_logged: 2 })
  })

  it('names the settings for outbound sessions that no line tells of', () => {
    const outbound = { direction: 'outbound', tls_version: null } as const
    expect(
      spotsOf(
        { ...outbound, outcome: 'unknown', proof: 'by_absence' },
        { ...outbound, outcome: 'plaintext', proof: 'by_absence' },
        { ...outbound, outcome: 'negotiated' },
      ),
    ).toEqual({ outbound_not_logged: 2, outbound_by_absence: 1 })
  })

  it('asks for client ports only where postscreen is in use', () => {
    const spots = new BlindSpots()
    spots.add(testEvent({ peer_port: null }))
    expect(spots.report(0)).toEqual([])
    expect(spots.report(1)).toMatchObject([{ name: 'postscreen_without_ports', sessions: 1 }])
    expect(spotsOf({ peer_port: null }, { service: 'postfix/postscreen' })).toEqual({ postscreen_without_ports: 1 })
  })

  it('reports lost lines and torn sessions', () => {
    expect(spotsOf({ log_loss: true }, { truncated: true }, { truncated: true })).toEqual({ log_loss: 1, truncated: 2 })
  })

  it('reports a listener that offers no STARTTLS, and not one that did', () => {
    const notOffered = { outcome: 'not_offered', fault: 'local', tls_version: null } as const
    expect(spotsOf({ ...notOffered, service: 'postfix/a/smtpd' }, { service: 'postfix/b/smtpd' })).toEqual({
      starttls_off: 1,
    })
    expect(spotsOf(notOffered, {})).toEqual({})
  })
})

describe('the drawn report', () => {
  const builder = new ReportBuilder()
  const address6 = Uint8Array.from({ length: 16 }, (_, index) => 0x20 + index)
  builder.add(testEvent({ tls_version: null }))
  builder.add(testEvent({ ...plaintext, peer_name: 'out-20.a-rather-long-label.sender-b.example', ended_at: 60_000 }))
  builder.add(testEvent({ ...plaintext, peer_ip: address6 }))
  builder.add(testEvent({ ...failed, direction: 'outbound' }))
  const report = builder.report(0)

  it('fits a terminal of 80 columns and loses nothing of an address', () => {
    const text = drawReport(report, NARROW)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(text).not.toContain('…')
    expect(text.replace(/[^0-9a-f:]/g, '')).toContain('2021:2223:2425:2627:2829')
  })

  it('is plain where no terminal is: one line a row, no rule, no colour', () => {
    const text = drawReport(report, PLAIN)
    for (const mark of ['\u001b', '─', '│']) expect(text).not.toContain(mark)
    expect(text).toMatch(
      /^192\.0\.2\.1 +out-20\.a-rather-long-label\.sender-b\.example +1 +0 +0 +2 +1970-01-01 00:01Z$/m,
    )
    expect(text).toMatch(/^negotiated +1 +33\.3 %$/m)
    expect(text).toContain('smtpd_tls_loglevel = 1')
  })

  it('keeps senders and the servers we send to apart', () => {
    const text = drawReport(report, PLAIN)
    expect(text).toContain('Senders with the worst TLS')
    expect(text).toContain('Servers we send to with the worst TLS')
  })

  it('escapes what the peer wrote into its name', () => {
    const hostile = new ReportBuilder()
    hostile.add(testEvent({ ...plaintext, peer_name: 'a\u001b[2J\nb\u202egnp.example' }))
    expect(drawReport(hostile.report(0), PLAIN)).toContain('a\\x1b[2J\\x0ab\\u202egnp.example')
  })

  it('says so when there is nothing to show', () => {
    expect(drawReport(new ReportBuilder().report(0), PLAIN)).toBe('No session in this log.\n')
  })
})
