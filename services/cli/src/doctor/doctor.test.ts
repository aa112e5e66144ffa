import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import type { Config } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import type { Instance } from '@tlsrep/platform/data-dir/instance'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { callBoundByModes } from '../../../../test/support/bound-by-modes.ts'
import { freePort } from '../../../../test/support/ports.ts'
import type { Finding } from './findings.ts'
import { lookAtInstance } from './look-at-instance.ts'
import { lookAtDoors, lookAtLogs } from './look-at-logs.ts'
import { lookAtStore } from './look-at-store.ts'

const NOW = Date.UTC(2026, 10, 25)
const directory = mkdtempSync(join(tmpdir(), 'tlsrep-doctor-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function config(inputs: readonly object[] = []): Config {
  const readFile = (): string => JSON.stringify({ collector: { inputs } })
  const loaded = loadConfig({ explicitPath: '/c.yaml', cwd: '/', readFile, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

function instance(addresses: Partial<Instance['addresses']>): Instance {
  const off = { http: null, dnsbl: null, policy_service: null, clickhouse: null }
  return { pid: 1, version: '0.1.0', started_at: NOW, config: null, addresses: { ...off, ...addresses } }
}

/** A ClickHouse that answers by what is asked for. */
function store(answers: Readonly<Record<string, readonly object[]>>, isUp = true): Pick<ClickHouse, 'rows' | 'ping'> {
  return {
    ping: async () => isUp,
    rows: async <T>(query: string): Promise<T[]> => {
      const key = Object.keys(answers).find((part) => query.includes(part))
      if (key === undefined) throw new Error(`not expected: ${query}`)
      return [...(answers[key] ?? [])] as T[]
    },
  }
}

const stored = (answers: Readonly<Record<string, readonly object[]>>, isUp = true) => ({
  clickhouse: { where: 'here', database: 'd', ...store(answers, isUp) } as ClickHouse,
})

/** The first finding about a part. */
function about(findings: readonly Finding[], part: string): Finding | undefined {
  return findings.find((finding) => finding.part === part)
}

const servers: { close(): unknown }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

describe('the doctor looks at the instance', () => {
  it('and warns where nothing runs', async () => {
    expect(await lookAtInstance({ instance: null, config: config() })).toMatchObject([
      { part: 'instance', state: 'warning', remedy: 'Run `tlsrep start`.' },
    ])
  })

  it('and finds HTTP, the DNSBL and the policy service silent', async () => {
    const port = await freePort()
    const host = '127.0.0.1'
    const silent = instance({
      http: { host, port, tls: false },
      dnsbl: { host, port },
      policy_service: `${host}:${port}`,
    })
    const findings = await lookAtInstance({ instance: silent, config: config() })
    for (const part of ['http', 'dnsbl', 'policy service']) expect(about(findings, part)?.state).toBe('fault')
    expect(about(findings, 'http')?.says).toContain('ECONNREFUSED')
  })

  it('and names the part that is not ready, and what the gate holds back', async () => {
    const checks = [{ name: 'clickhouse', ok: false, detail: 'it is away' }]
    const server = createHttpServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(request.url === '/v1/gate' ? { count: 2, held: [] } : { ok: false, checks }))
    })
    const port = await listening(server)
    const findings = await lookAtInstance({
      instance: instance({ http: { host: '127.0.0.1', port, tls: false } }),
      config: config(),
    })
    expect(about(findings, 'http')).toMatchObject({ state: 'fault', says: expect.stringContaining('it is away') })
    expect(about(findings, 'gate')).toMatchObject({ state: 'warning', says: expect.stringContaining('2 new listings') })
  })

  it('and finds another program in the place of the policy service', async () => {
    const port = await listening(createServer((socket) => socket.end('220 mail.example ESMTP\r\n')))
    const findings = await lookAtInstance({
      instance: instance({ policy_service: `127.0.0.1:${port}` }),
      config: config(),
    })
    expect(about(findings, 'policy service')).toMatchObject({
      state: 'fault',
      says: expect.stringContaining('no action'),
    })
  })
})

describe('the doctor looks at the store', () => {
  const healthy = {
    'system.tables': [{ 1: 1 }],
    schema_migrations: [{ version: 12, name: 'x', checksum: 'x', done: 1, statements: 1 }],
    pending_ranges: [{ ranges: 0 }],
    dead_letters: [],
  }

  it('and finds it away', async () => {
    expect(await lookAtStore(stored({}, false), NOW)).toMatchObject([{ part: 'clickhouse', state: 'fault' }])
  })

  it('and finds tables of another version', async () => {
    const findings = await lookAtStore(stored({ 'system.tables': [] }), NOW)
    expect(findings).toMatchObject([{ state: 'fault', remedy: 'Run `tlsrep migrate`.' }])
    expect(findings[0]?.says).toMatch(/version 0, not \d+/)
  })

  it.each([
    [{ events: 10, ids: 9, counted: 10 }, 0, 'fault', 'stored twice'],
    [{ events: 10, ids: 10, counted: 9 }, 0, 'fault', '9 counted'],
    [{ events: 10, ids: 10, counted: 9 }, 1, 'warning', 'under way'],
    [{ events: 10, ids: 10, counted: 12 }, 0, 'ok', '10 events, none twice'],
  ])('and says of %j with %d batches under way: %s', async (counts, ranges, state, words) => {
    const { wanted } = await wantedVersion()
    const findings = await lookAtStore(
      stored({
        ...healthy,
        schema_migrations: [{ version: wanted, name: 'x', checksum: 'x', done: 1, statements: 1 }],
        'FROM tls_events': [counts],
        pending_ranges: [{ ranges }],
      }),
      NOW,
    )
    expect(about(findings, 'counts')).toMatchObject({ state, says: expect.stringContaining(words) })
  })

  it('and tells of lines that could not be used', async () => {
    const { wanted } = await wantedVersion()
    const findings = await lookAtStore(
      stored({
        ...healthy,
        schema_migrations: [{ version: wanted, name: 'x', checksum: 'x', done: 1, statements: 1 }],
        'FROM tls_events': [{ events: 1, ids: 1, counted: 1 }],
        dead_letters: [{ reason: 'line_too_long', letters: 3, last: '2026-11-24T01:02:03.000Z' }],
      }),
      NOW,
    )
    expect(about(findings, 'dead letters')).toMatchObject({
      state: 'warning',
      says: expect.stringContaining(
        '3 lines in seven days could not be used: line_too_long, last at 2026-11-24 01:02 UTC',
      ),
    })
  })

  async function wantedVersion(): Promise<{ wanted: number }> {
    const { readMigrations } = await import('@tlsrep/schemas/migrations')
    return { wanted: readMigrations().length }
  }
})

describe('the doctor looks at the logs', () => {
  it('and says which can be read, which are not there, and which are no files', async () => {
    writeFileSync(join(directory, 'mail.log'), 'x\n')
    const inputs = [
      { log: ['mail.log', 'missing.log', '.', 'no-*.log', 'ma*.log'].map((name) => join(directory, name)) },
    ]
    const findings = await lookAtLogs(config(inputs))
    expect(findings.map(({ state }) => state)).toEqual(['ok', 'warning', 'fault', 'warning', 'ok'])
  })

  it('and finds one that may not be read', async () => {
    const path = join(directory, 'secret.log')
    writeFileSync(path, 'x\n')
    chmodSync(path, 0)
    const module = new URL('look-at-logs.ts', import.meta.url)
    expect(await callBoundByModes(module, 'lookAtLogs', config([{ log: path }]))).toMatchObject({
      value: [{ state: 'fault', says: `${path} cannot be read by this user` }],
    })
  })

  it('and, where none is configured, those of the machine', async () => {
    const machine = () => ({ readable: ['/var/log/mail.log'], forbidden: ['/var/log/maillog'] })
    expect((await lookAtLogs(config(), machine)).map(({ state }) => state)).toEqual(['ok', 'fault'])
    const none = await lookAtLogs(config(), () => ({ readable: [], forbidden: [] }))
    expect(none).toMatchObject([{ state: 'warning', says: expect.stringContaining('no mail log is configured') }])
  })
})

describe('the doctor looks at the doors', () => {
  const door = { host: 'mx1', service: 'postfix/smtpd', mails: 9, negotiated: 5, versions: 5, lost: 0 }

  it.each([
    [door, 'ok', '9 mails, 5 sessions with TLS'],
    [{ ...door, versions: 0 }, 'warning', 'its version is not logged'],
    [{ ...door, negotiated: 0, versions: 0, lost: 9 }, 'warning', 'STARTTLS was never shown'],
  ])('and says of %j: %s', async (row, state, words) => {
    const [finding] = await lookAtDoors(stored({ mta_negotiations_hourly: [row] }), NOW)
    expect(finding).toMatchObject({ state, says: expect.stringContaining(words) })
  })

  it('and warns where no mail was seen', async () => {
    const findings = await lookAtDoors(stored({ mta_negotiations_hourly: [] }), NOW)
    expect(findings).toMatchObject([{ state: 'warning', says: expect.stringContaining('no inbound mail') }])
  })
})
