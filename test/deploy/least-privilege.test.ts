import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClickHouse, openClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { migrate } from '@tlsrep/platform/clickhouse/migrate'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger } from '../support/clickhouse.ts'
import { type KafkaBroker, kafkaJarsAvailable, startKafka } from '../support/kafka/kafka.ts'
import { withAdmin } from '../support/kafka/ready.ts'
import { mustSucceed, runCommand } from '../support/mail-host/command.ts'
import { until } from '../support/mail-host/until.ts'
import { freePort } from '../support/ports.ts'
import { type ServiceCommand, ServiceProcess } from '../support/services/service-process.ts'
import { BIN } from '../support/tlsrep-command.ts'
import { type ConfiguredServer, startConfiguredServer } from './clickhouse-server.ts'
import { kafkaAcls, usersOfGrants } from './rights.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LOG = join(ROOT, 'services/collector/sample/mail.log')
const SERVER_SETTINGS = readFileSync(join(ROOT, 'infra/clickhouse/config.d/tlsrep.xml'), 'utf8')
const COMPOSE_USER = readFileSync(join(ROOT, 'infra/clickhouse/users.d/tlsrep.xml'), 'utf8')
const REFUSED = /[Nn]ot enough privileges|cannot be/
const SOON = { timeout: 40_000 }

describe('the user that docker-compose.yml gives ClickHouse', () => {
  let server: ConfiguredServer
  let clickhouse: ClickHouse

  beforeAll(async () => {
    const hash = createHash('sha256').update('secret').digest('hex')
    server = await startConfiguredServer({
      'config.d/tlsrep.xml': SERVER_SETTINGS,
      'users.d/tlsrep.xml': COMPOSE_USER.replaceAll('@PASSWORD_SHA256@', hash),
    })
    clickhouse = openClickHouse({ url: server.url, username: 'tlsrep', password: 'secret', database: 'tlsrep' })
  }, 60_000)

  afterAll(async () => {
    await clickhouse?.close()
    await server?.stop()
  })

  it('makes its database and all tables in it', async () => {
    const report = await migrate(clickhouse, { logger: silentLogger })
    expect(report.applied.length).toBeGreaterThan(10)
  })

  it('has the setting without which the views count twice what is sent again', async () => {
    const settings = "SELECT name, value FROM system.settings WHERE name LIKE 'deduplicate_blocks_in_dep%'"
    expect(await clickhouse.rows(settings)).toEqual([
      { name: 'deduplicate_blocks_in_dependent_materialized_views', value: '1' },
    ])
  })

  it.each([
    'CREATE DATABASE elsewhere',
    'DROP DATABASE tlsrep',
    'SELECT count() FROM system.merges',
    "SELECT * FROM url('http://127.0.0.1:1/')",
    "CREATE USER other IDENTIFIED BY 'x'",
  ])('may not %s', async (sql) => {
    await expect(clickhouse.command(sql)).rejects.toThrow(REFUSED)
  })
})

const ROLES = ['migrate', 'collector', 'scorer', 'publisher'] as const
type Role = (typeof ROLES)[number]

const unavailable = await kafkaJarsAvailable()
const title = 'services with no more rights than infra/ gives them'

describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-rights-'))
  const services: ServiceProcess[] = []
  let broker: KafkaBroker
  let server: ConfiguredServer
  let tables: ClickHouse
  let ports: { collector: number; scorer: number; publisher: number; dnsbl: number; policy: number }

  beforeAll(async () => {
    const [collector, scorer, publisher, dnsbl, policy] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    ports = { collector, scorer, publisher, dnsbl, policy }
    broker = await startKafka({ secure: true, settings: brokerSettings() })
    const acl = ROLES.flatMap((role) => kafkaAcls(role, `User:${role}`, ...(role === 'collector' ? ['least'] : [])))
    await withAdmin(broker.brokers, (admin) => admin.createAcls({ acl }))
    server = await startConfiguredServer({
      'config.d/tlsrep.xml': SERVER_SETTINGS,
      'users.d/tlsrep.xml': usersOfGrants({ tlsrep_migrate: password('tlsrep_migrate'), tlsrep: password('tlsrep') }),
    })
    const made = await fetch(server.url, { method: 'POST', body: 'CREATE DATABASE tlsrep ENGINE = Atomic' })
    expect(made.ok).toBe(true)
    tables = openClickHouse({ url: server.url, username: 'tlsrep', password: password('tlsrep'), database: 'tlsrep' })
  }, 120_000)

  afterAll(async () => {
    await Promise.all(services.map((service) => service.kill()))
    await tables?.close()
    await server?.stop()
    await broker?.close()
    rmSync(directory, { recursive: true, force: true })
  }, 60_000)

  function password(user: string): string {
    return `password-of-${user}`
  }

  function file(name: string, text: string): string {
    writeFileSync(join(directory, name), text, { mode: 0o600 })
    return join(directory, name)
  }

  function brokerSettings(): Record<string, string> {
    const users = ROLES.map((role) => `user_${role}="${password(role)}"`).join(' ')
    const login = 'org.apache.kafka.common.security.plain.PlainLoginModule'
    return {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // Who comes without TLS, the controller and the test: an administrator.
      'super.users': 'User:ANONYMOUS',
      'allow.everyone.if.no.acl.found': 'false',
      'listener.name.secure.plain.sasl.jaas.config': `${login} required ${users};`,
    }
  }

  /** Of one role's own: its Kafka user, and a ClickHouse user where it speaks to ClickHouse. */
  function config(role: Role): string {
    const user = { migrate: 'tlsrep_migrate', scorer: 'tlsrep', collector: null, publisher: null }[role]
    const clickhouse = user && {
      url: server.url,
      user,
      password_file: file(`${role}-clickhouse`, password(user)),
    }
    const settings = {
      data: join(directory, 'data'),
      collector: { name: 'least', inputs: [{ log: LOG }] },
      kafka: {
        brokers: broker.secureBrokers,
        partitions: 4,
        tls: { ca: file('ca.pem', broker.certificate) },
        sasl: { mechanism: 'plain', username: role, password_file: file(`${role}-kafka`, password(role)) },
      },
      ...(clickhouse && { clickhouse }),
      publisher: {
        outputs: {
          dnsbl: { listen: `127.0.0.1:${ports.dnsbl}` },
          policy_service: { listen: `127.0.0.1:${ports.policy}` },
        },
      },
      http: {
        collector: `127.0.0.1:${ports.collector}`,
        scorer: `127.0.0.1:${ports.scorer}`,
        publisher: `127.0.0.1:${ports.publisher}`,
      },
    }
    // JSON is YAML.
    return file(`${role}.yaml`, JSON.stringify(settings))
  }

  async function start(command: ServiceCommand, role: 'collector' | 'scorer' | 'publisher'): Promise<void> {
    const settings = { configFile: config(role), port: ports[role], dnsblPort: ports.dnsbl, cwd: directory }
    const service = new ServiceProcess({ command, ...settings })
    services.push(service)
    await service.start()
  }

  async function count(table: string): Promise<number> {
    const [row] = await tables.rows<{ n: string | number }>(`SELECT count() AS n FROM ${table}`)
    return Number(row?.n)
  }

  it('migrate makes topics and tables', async () => {
    const migrating = [process.execPath, BIN, 'migrate', '--config', config('migrate')]
    expect(mustSucceed(await runCommand(migrating))).toContain('5 topics made')
    const again = mustSucceed(await runCommand(migrating))
    expect(again).toContain('0 topics made, 5 there')
    expect(again).toContain('transactions that hang were not looked for')
  })

  it('collector, scorer and publisher do all of their work, and stop cleanly', async () => {
    await start('publish', 'publisher')
    await start('score', 'scorer')
    await start('collect', 'collector')
    const stored = async (): Promise<boolean> =>
      (await count('tls_events')) > 0 && (await count('sender_evidence_daily')) > 0
    await until('events and evidence are stored', stored, SOON)

    const decision = { sender: '192.0.2.10', action: 'deny', by: 'test', why: 'rights' }
    const answer = await fetch(`http://127.0.0.1:${ports.publisher}/v1/overrides`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(decision),
    })
    expect(answer.status).toBe(201)
    await until("the decision is in the scorer's table", async () => (await count('overrides')) > 0, SOON)

    expect(await Promise.all(services.map((service) => service.stop()))).toEqual([0, 0, 0])
    for (const { stderr } of services) expect(stderr).not.toMatch(/authori[sz]ation|privileges/i)
  }, 120_000)

  it.each([
    ['collector', 'tls.listings'],
    ['publisher', 'tls.listings'],
    ['publisher', 'tls.negotiations'],
    ['scorer', 'tls.negotiations'],
  ])('%s may not write to %s', async (role, topic) => {
    const producer = new Kafka({
      brokers: broker.secureBrokers,
      ssl: { ca: [broker.certificate] },
      sasl: { mechanism: 'plain', username: role, password: password(role) },
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    }).producer()
    await producer.connect()
    try {
      await expect(producer.send({ topic, messages: [{ key: 'x', value: 'x' }] })).rejects.toThrow(/[Nn]ot authorized/)
    } finally {
      await producer.disconnect()
    }
  })

  it.each([
    'CREATE TABLE other (a UInt8) ENGINE = MergeTree ORDER BY a',
    'DROP TABLE tls_events',
    'ALTER TABLE tls_events DELETE WHERE 1',
  ])('a scorer may not %s', async (sql) => {
    await expect(tables.command(sql)).rejects.toThrow(REFUSED)
  })
})
