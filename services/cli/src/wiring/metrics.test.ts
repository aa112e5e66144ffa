import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRegistry } from '@tlsrep/platform/metrics/metrics'
import { CidrFile } from '@tlsrep/publisher/outputs/cidr-file/cidr-file'
import { listing, snapshotOf } from '@tlsrep/publisher/outputs/policy-service/policy-service.test-support'
import { START } from '@tlsrep/publisher/publisher.test-support'
import { pino } from 'pino'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { exposeRooms } from './metrics.ts'

const directory = mkdtempSync(join(tmpdir(), 'metrics-'))
const opened: CidrFile[] = []
afterEach(async () => {
  for (const file of opened.splice(0)) await file.close()
})
afterAll(() => rmSync(directory, { recursive: true }))

async function publishedFile(path: string, senders: readonly string[]): Promise<CidrFile> {
  const file = new CidrFile({
    path,
    flavour: 'smtpd',
    mode: 'reject',
    cap: 'reject',
    lookupPage: null,
    logger: pino({ level: 'silent' }),
    now: () => START,
  })
  opened.push(file)
  await file.publish(snapshotOf(senders.map((sender) => listing(sender))), { added: [], changed: [], removed: [] })
  return file
}

async function metricsOf(files: readonly CidrFile[]): Promise<string[]> {
  const registry = createRegistry('0')
  exposeRooms(registry, { outputs: { dnsbl: null, policyService: null, files, all: files } })
  return (await registry.metrics()).split('\n').filter((line) => line.includes('component="files"'))
}

describe('access tables show in the metrics', () => {
  it('with the times that they were written, failed writes, and the rules in each', async () => {
    const [one, two] = [join(directory, 'one.cidr'), join(directory, 'two.cidr')]
    const files = [
      await publishedFile(one, ['192.0.2.1/32', '198.51.100.0/24']),
      await publishedFile(two, ['192.0.2.1/32']),
      await publishedFile(join(directory, 'missing', 'three.cidr'), ['192.0.2.1/32']),
    ]
    const lines = await metricsOf(files)
    expect(lines).toContainEqual('tlsrep_sent_events_total{component="files"} 2')
    expect(lines).toContainEqual('tlsrep_errors_total{component="files",stage="sending",kind="write"} 1')
    expect(lines.filter((line) => line.startsWith('tlsrep_rules{'))).toEqual([
      expect.stringMatching(/file=".*one\.cidr".* 2$/),
      expect.stringMatching(/file=".*two\.cidr".* 1$/),
      expect.stringMatching(/file=".*three\.cidr".* 0$/),
    ])
  })

  it('as zero where none is configured', async () => {
    const lines = await metricsOf([])
    expect(lines).toContainEqual('tlsrep_sent_events_total{component="files"} 0')
    expect(lines.some((line) => line.startsWith('tlsrep_rules{'))).toBe(false)
  })
})
