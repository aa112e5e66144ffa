import { Resolver } from 'node:dns/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { placeSample } from '@tlsrep/collector/sample/sample-log'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { caughtUp } from '../../../../test/support/instance/caught-up.ts'
import { printedEvents } from '../../../../test/support/instance/parsed.ts'
import type { EventJson } from '../../../../test/support/instance/stored.ts'
import { TlsrepInstance } from '../../../../test/support/instance/tlsrep-instance.ts'
import { allow, type DecisionOptions, delist, deny } from './decisions.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { listings } from './listings.ts'
import { migrate } from './migrate.ts'
import { query } from './query.ts'
import { type Outcome, objects, run } from './test-support.ts'

/** Of the sample: mail in clear only, and mail in clear after each failed handshake. */
const CLEAR = '203.0.113.45'
const FALLBACK = '203.0.113.61'

const folder = mkdtempSync(join(tmpdir(), 'tlsrep-commands-'))
const sample = placeSample(folder, { endsAt: Date.now(), zone: 'UTC' })
let tlsrep: TlsrepInstance
let events: EventJson[] = []

beforeAll(async () => {
  tlsrep = await TlsrepInstance.prepare({ logs: [sample] })
  await tlsrep.start()
  await caughtUp(tlsrep.clickhouse, [sample])
  events = await printedEvents(sample, Date.now())
}, 120_000)

afterAll(async () => {
  await tlsrep?.dispose()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

function where(): { config: string } {
  return { config: tlsrep.configFile }
}

/** What the DNSBL says of an address in the zone that answers in mode observe. */
async function dnsbl(address: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 3000, tries: 1 })
  resolver.setServers([`127.0.0.1:${tlsrep.ports.dnsbl}`])
  const name = `${address.split('.').reverse().join('.')}.observe.bl.tlsrep.internal`
  return resolver.resolve4(name).catch((error: NodeJS.ErrnoException) => [String(error.code)])
}

function decided(
  command: typeof allow,
  sender: string,
  options: Omit<DecisionOptions, 'config'> = {},
): Promise<Outcome> {
  return run((io) => command(sender, { ...where(), by: 'test', ...options }, io))
}

describe('with an instance that runs', () => {
  it('listings prints who is listed, the worst first, as a table and as JSON', async () => {
    const table = await run((io) => listings(where(), io), { columns: 80 })
    expect(table).toMatchObject({ code: 0 })
    expect(table.stdout).toMatch(/203\.0\.113\.45\/32 +reject +plaintext/)
    const json = await run((io) => listings({ ...where(), json: true }, io))
    expect(objects(json.stdout)).toMatchObject([
      { sender: `${CLEAR}/32`, tier: 'reject', in_force: true, reasons: ['plaintext'], override: null },
      { sender: `${FALLBACK}/32`, tier: 'reject', in_force: true, reasons: ['plaintext', 'downgrade'], override: null },
    ])
  })

  it('explain shows the same sender in words and as one object, and exits 1 for one that is not known', async () => {
    const { code, stdout } = await run((io) => explain(FALLBACK, where(), io), { columns: 80 })
    expect(code).toBe(0)
    expect(stdout).toContain('10 pairs of a failed handshake and mail in clear soon after')
    expect(stdout).toContain(`in ${sample}`)
    const json = await run((io) => explain(FALLBACK, { ...where(), json: true }, io))
    expect(JSON.parse(json.stdout)).toMatchObject({ sender: `${FALLBACK}/32`, listing: { tier: 'reject' } })
    const unknown = await run((io) => explain('192.0.2.99', where(), io))
    expect(unknown).toEqual({ code: 1, stdout: '192.0.2.99/32: nothing is known of this sender.\n', stderr: '' })
  })

  it('explain of a network names the senders inside it', async () => {
    const { code, stdout } = await run((io) => explain('203.0.113.0/24', where(), io))
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(`${CLEAR}/32`) })
  })

  it('every line of every screen fits a terminal of 80 columns', async () => {
    const asked = ['weak-peers', 'tls-shares', 'downgrades', 'failures']
    const screens = [
      await run((io) => listings(where(), io), { columns: 80 }),
      await run((io) => explain(FALLBACK, where(), io), { columns: 80 }),
      await run((io) => doctor(where(), io), { columns: 80 }),
      ...(await Promise.all(
        asked.map((name) => run((io) => query(name, { ...where(), limit: 100 }, io), { columns: 80 })),
      )),
    ]
    const lines = screens.flatMap(({ stdout }) => stdout.split('\n'))
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  it('doctor finds nothing wrong', async () => {
    const { code, stdout } = await run((io) => doctor({ ...where(), json: true }, io))
    const findings = objects(stdout)
    expect(code).toBe(0)
    expect(findings.filter(({ state }) => state !== 'ok')).toEqual([])
    expect(findings.map(({ part }) => part)).toEqual(
      expect.arrayContaining(['instance', 'http', 'dnsbl', 'policy service', 'clickhouse', 'counts', 'mail', 'log']),
    )
  })

  it('allow frees a sender on the DNSBL at once, and its withdrawal lists it again', async () => {
    expect(await dnsbl(CLEAR)).toEqual(['127.0.0.4'])
    const freed = await decided(allow, CLEAR, { why: 'mended' })
    expect(freed).toEqual({ code: 0, stdout: expect.stringContaining('in force now'), stderr: '' })
    expect(await dnsbl(CLEAR)).toEqual(['ENOTFOUND'])
    const listed = objects((await run((io) => listings({ ...where(), json: true }, io))).stdout)
    expect(listed).toContainEqual(expect.objectContaining({ sender: `${CLEAR}/32`, in_force: false }))
    const explained = await run((io) => explain(CLEAR, where(), io))
    expect(explained.stdout).toContain('An operator has allowed it')
    expect((await decided(allow, CLEAR, { withdraw: true })).code).toBe(0)
    expect(await dnsbl(CLEAR)).toEqual(['127.0.0.4'])
    expect((await decided(allow, CLEAR, { withdraw: true })).code).toBe(1)
  })

  it('deny lists a sender nobody has seen, at the tier given; an allow around it beats it, and it says so', async () => {
    const denied = await decided(deny, '198.51.100.77', { why: 'test', tier: 'watch', json: true })
    expect(JSON.parse(denied.stdout)).toMatchObject({ action: 'deny', tier: 'watch', until: null, result: 'in_force' })
    expect(await dnsbl('198.51.100.77')).toEqual(['127.0.0.3'])
    await decided(allow, '198.51.100.0/24', { why: 'test' })
    expect(await dnsbl('198.51.100.77')).toEqual(['ENOTFOUND'])
    const again = await decided(deny, '198.51.100.77', { why: 'again' })
    expect(again.stdout).toContain('takes the place of: deny at watch')
    expect(again.stdout).toContain('no effect while 198.51.100.0/24 is allowed')
    for (const [command, sender] of [
      [deny, '198.51.100.77'],
      [allow, '198.51.100.0/24'],
    ] as const) {
      expect((await decided(command, sender, { withdraw: true })).code).toBe(0)
    }
  })

  it('delist frees a sender until its listing would have ended, and only a listed one', async () => {
    const [{ expires_at } = {}] = objects((await run((io) => listings({ ...where(), json: true }, io))).stdout)
    const freed = await decided(delist, CLEAR, { json: true })
    expect(JSON.parse(freed.stdout)).toMatchObject({ action: 'allow', until: expires_at, why: 'delisted' })
    expect(await dnsbl(CLEAR)).toEqual(['ENOTFOUND'])
    expect(await decided(delist, CLEAR)).toMatchObject({ code: 1, stderr: expect.stringContaining('free already') })
    expect((await decided(allow, CLEAR, { withdraw: true })).code).toBe(0)
    expect(await decided(delist, '192.0.2.99')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not listed'),
    })
  })

  it('decisions take no reason that would mark the terminal of others, and want one at all', async () => {
    expect(await decided(allow, CLEAR, { why: 'a\u001b[2J' })).toMatchObject({ code: 2 })
    expect(await decided(allow, CLEAR)).toMatchObject({ code: 2, stderr: expect.stringContaining('--why') })
    expect(await decided(allow, 'not/one', { why: 'x' })).toMatchObject({ code: 2 })
    await decided(deny, '192.0.2.77', { why: 'right\u202eleft', by: 'x\u2066y' })
    const { stdout } = await run((io) => listings({ ...where(), decisions: true }, io))
    expect(stdout).toContain('right\\u202eleft')
    expect(stdout).toContain('x\\u2066y')
    await decided(deny, '192.0.2.77', { withdraw: true })
  })

  it('migrate has nothing to do', async () => {
    const { code, stdout } = await run((io) => migrate({ ...where(), json: true }, io))
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ applied: [] })
    expect((await run((io) => migrate({ ...where(), check: true }, io))).code).toBe(0)
  })
})

describe('the questions say of the sample what tlsrep parse says', () => {
  async function rows(name: string, ...param: string[]): Promise<Record<string, unknown>[]> {
    const { code, stdout, stderr } = await run((io) => query(name, { ...where(), param, json: true, limit: 1000 }, io))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return objects(stdout)
  }

  const count = (wanted: (event: EventJson) => boolean): number => events.filter(wanted).length
  const sum = (list: readonly Record<string, unknown>[], key: string): number =>
    list.reduce((total, row) => total + Number(row[key] ?? 0), 0)
  const tlsOf = ({ tls }: Record<string, unknown>): unknown => tls
  const isWeighed = ({ outcome }: EventJson): boolean =>
    ['negotiated', 'plaintext', 'not_offered'].includes(String(outcome))

  it('tls-shares: sessions by version, and their shares', async () => {
    const shares = await rows('tls-shares')
    for (const direction of ['inbound', 'outbound']) {
      const mine = shares.filter(({ direction: way }) => way === direction)
      const all = events.filter(isWeighed).filter(({ direction: way }) => way === direction)
      for (const tls of ['TLSv1_0', 'TLSv1_2', 'TLSv1_3']) {
        const expected = all.filter(({ tls_version }) => tls_version === tls).length
        expect(
          sum(
            mine.filter((row) => tlsOf(row) === tls),
            'sessions',
          ),
        ).toBe(expected)
      }
      const clear = all.filter(({ outcome }) => outcome !== 'negotiated')
      expect(
        sum(
          mine.filter((row) => tlsOf(row) === 'none'),
          'sessions',
        ),
      ).toBe(clear.length)
      expect(sum(mine, 'mails')).toBe(sum(all, 'mails_accepted'))
    }
    const [{ day: first } = {}] = shares
    const ofADay = shares.filter(({ day, direction }) => day === first && direction === 'inbound')
    expect(sum(ofADay, 'sessions_percent')).toBeCloseTo(100, 0)
  })

  it('weak-peers: each sender in clear or with old TLS, and why', async () => {
    const weak = await rows('weak-peers')
    const inbound = weak.filter(({ direction }) => direction === 'inbound')
    const isClear = ({ direction, outcome, fault }: EventJson): boolean =>
      direction === 'inbound' && outcome === 'plaintext' && fault === 'peer'
    expect(sum(inbound, 'in_clear')).toBe(count(isClear))
    expect(sum(inbound, 'deprecated')).toBe(count(({ tls_version }) => tls_version === 'TLSv1_0'))
    expect(inbound.find(({ sender }) => sender === `${CLEAR}/32`)).toMatchObject({
      in_clear: events.filter(isClear).filter(({ peer_ip }) => peer_ip === CLEAR).length,
      why: 'never TLS',
    })
    expect(inbound.find(({ sender }) => sender === `${FALLBACK}/32`)).toMatchObject({ why: 'handshake fails' })
    expect(inbound.find(({ name }) => name === 'mail.spindle.example')).toMatchObject({ why: 'old version' })
  })

  it('downgrades: who fell back to clear after failed handshakes, how often', async () => {
    const failed = count(({ peer_ip, outcome }) => peer_ip === FALLBACK && outcome === 'handshake_failed')
    expect(await rows('downgrades')).toMatchObject([
      { sender: `${FALLBACK}/32`, kind: 'D2', times: failed, hosts: 1, seen: 'new', failure_reasons: 'not_tls' },
    ])
  })

  it('failures: what failed, whose fault it was, and whether mail in clear came after it', async () => {
    const failures = await rows('failures')
    expect(sum(failures, 'sessions')).toBe(count(({ failure_reason }) => failure_reason !== null))
    expect(failures.find(({ sender }) => sender === `${FALLBACK}/32`)).toMatchObject({
      whose: 'theirs',
      sessions: 10,
      then_in_clear: 10,
    })
  })

  it('sender: the rows that its score is made of', async () => {
    const timeline = await rows('sender', `sender=${CLEAR}`)
    const clear = count(({ peer_ip, outcome }) => peer_ip === CLEAR && outcome === 'plaintext')
    expect(timeline.every(({ is_excused, outcome }) => is_excused === false && outcome === 'plaintext')).toBe(true)
    expect(sum(timeline, 'sessions')).toBe(clear)
  })

  it('exits 0 and prints nothing as JSON where there is nothing', async () => {
    const param = ['since=2001-01-01', 'until=2001-02-01']
    const json = await run((io) => query('failures', { ...where(), param, json: true, limit: 9 }, io))
    expect(json).toEqual({ code: 0, stdout: '', stderr: '' })
    const said = await run((io) => query('failures', { ...where(), param, limit: 9 }, io))
    expect(said).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('nothing from 2001-01-01') })
  })

  it('says that there is more than the limit', async () => {
    const { stdout, stderr } = await run((io) => query('weak-peers', { ...where(), json: true, limit: 2 }, io))
    expect(objects(stdout)).toHaveLength(2)
    expect(stderr).toContain('the first 2 rows')
  })

  it('refuses a question that it does not have, and parameters that it does not take', async () => {
    expect(await run((io) => query('nonsense', { ...where(), limit: 1 }, io))).toMatchObject({ code: 2 })
    expect(await run((io) => query('failures', { ...where(), param: ['x=1'], limit: 1 }, io))).toMatchObject({
      code: 2,
    })
  })
})

describe('with nothing running', () => {
  beforeAll(async () => {
    await tlsrep.stop()
  }, 60_000)

  it('commands read and decide on the data directory; the decision holds from the next start on', async () => {
    const listed = await run((io) => listings({ ...where(), json: true }, io))
    expect(objects(listed.stdout)).toHaveLength(2)
    const freed = await decided(allow, CLEAR, { why: 'while it is down' })
    expect(freed).toMatchObject({ code: 0, stdout: expect.stringContaining('takes it at its next start') })
    const again = objects((await run((io) => listings({ ...where(), json: true }, io))).stdout)
    expect(again.find(({ sender }) => sender === `${CLEAR}/32`)).toMatchObject({ in_force: false })
  })
})
