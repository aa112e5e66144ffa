import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { placeSample } from '@tlsrep/collector/sample/sample-log'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COLLECTOR, parseGrowing } from '../support/instance/parsed.ts'
import { kafkaAvailable } from '../support/kafka/kafka.ts'
import { RegistryStandIn } from '../support/kafka/schema-registry.ts'
import { until } from '../support/mail-host/until.ts'
import { clearSession, logOf } from '../support/postfix-log.ts'
import { expectExactlyTheseEvents, expectTheReplayedList } from '../support/services/aftermath.ts'
import { Installation } from '../support/services/installation.ts'
import { allStored } from '../support/services/progress.ts'
import type { ServiceProcess } from '../support/services/service-process.ts'

const CREDENTIALS = { user: 'tlsrep', password: 'geheim' }
const unavailable = await kafkaAvailable()
const title = 'the services on Kafka with a schema registry'

describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tlsrep-logs-'))
  let log = ''
  let standIn: RegistryStandIn
  let installation: Installation
  let collector: ServiceProcess
  let scorer: ServiceProcess
  let publisher: ServiceProcess

  beforeAll(async () => {
    log = placeSample(join(directory, 'sample'), { endsAt: Date.now() - 60_000, zone: 'UTC' })
    standIn = await RegistryStandIn.listen({ credentials: CREDENTIALS })
    installation = await Installation.start({ logs: [log], partitions: 2 })
    const passwordFile = join(directory, 'registry-password')
    writeFileSync(passwordFile, `${CREDENTIALS.password}\n`, { mode: 0o600 })
    const kafka = {
      brokers: installation.broker.brokers,
      schema_registry: { url: standIn.url, username: CREDENTIALS.user, password_file: passwordFile },
    }
    collector = await installation.service('collect', COLLECTOR, { kafka })
    scorer = await installation.service('score', 'scorer', { kafka })
    publisher = await installation.service('publish', 'publisher', { kafka })
    await Promise.all([collector, scorer, publisher].map((service) => service.start()))
  }, 120_000)

  afterAll(async () => {
    await installation?.dispose()
    await standIn?.stop()
    rmSync(directory, { recursive: true, force: true })
  }, 60_000)

  async function expectAllIsStored(): Promise<void> {
    const { ended } = await parseGrowing([log], Date.now())
    await allStored(installation.clickhouse, ended.length)
    await expectExactlyTheseEvents(installation.clickhouse, ended)
    expect((await expectTheReplayedList(installation.clickhouse, [publisher])).length).toBeGreaterThan(0)
  }

  test('what is stored and published is the same as without one; each topic that was written has its subject', async () => {
    await expectAllIsStored()
    expect(Object.keys(standIn.subjects).sort()).toEqual([
      'tls.checkpoints-value',
      'tls.listings-value',
      'tls.negotiations-value',
    ])
  })

  test('a scorer that starts while it is away says so in health and log, waits, and loses nothing', async () => {
    expect(await scorer.stop()).toBe(0)
    await standIn.stop()
    const senders = Array.from({ length: 40 }, (_, i) => `peer${i}.example[198.18.${i}.7]`)
    appendFileSync(log, logOf(senders.flatMap((peer, i) => clearSession(7000 + i, peer, `4F1E9B0C${i + 10}`))))
    scorer.spawn()
    const isAway = async () => (await scorer.health())?.checks.find(({ name, ok }) => name === 'schema registry' && !ok)
    const check = await until('its health says it', isAway, { timeout: 30_000 })
    expect(check.detail).toContain('does not answer')
    await scorer.said('the registry is away', ({ msg }) => msg === 'the schema registry is away, trying again')
    await standIn.start()
    await scorer.ready()
    await expectAllIsStored()
    for (const service of [collector, scorer, publisher]) expect(service.stderr).not.toContain(CREDENTIALS.password)
  })
})
