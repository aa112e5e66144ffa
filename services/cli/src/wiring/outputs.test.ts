import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import {
  listing,
  policyRequest,
  snapshotOf,
} from '@tlsrep/publisher/outputs/policy-service/policy-service.test-support'
import { START } from '@tlsrep/publisher/publisher.test-support'
import { pino } from 'pino'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../../test/support/ports.ts'
import { type Outputs, openOutputs } from './outputs.ts'

const directory = mkdtempSync(join(tmpdir(), 'outputs-'))
const file = join(directory, 'tlsrep.cidr')
const opened: Outputs[] = []
afterEach(async () => {
  for (const { all } of opened.splice(0)) await Promise.all(all.map((output) => output.close()))
})
afterAll(() => rmSync(directory, { recursive: true }))

/** What each output tells whoever is refused. */
async function repliesOf(publisher: object): Promise<{ dns: string; policy: string; file: string }> {
  const [dnsblPort, policyPort] = [await freePort(), await freePort()]
  const outputs = {
    dnsbl: { listen: `127.0.0.1:${dnsblPort}` },
    policy_service: { listen: `127.0.0.1:${policyPort}` },
    files: [{ path: file, format: 'cidr-smtpd' }],
  }
  const written = { publisher: { mode: 'reject', cap: 'reject', ...publisher, outputs } }
  const loaded = loadConfig({ explicitPath: '/c.yaml', cwd: '/', readFile: () => JSON.stringify(written), env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const open = await openOutputs(loaded.config, pino({ level: 'silent' }), () => START)
  opened.push(open)
  const snapshot = snapshotOf([listing('192.0.2.10/32')])
  for (const output of open.all) await output.publish(snapshot, { added: [], changed: [], removed: [] })
  const resolver = new Resolver()
  resolver.setServers([`127.0.0.1:${dnsblPort}`])
  const texts = await resolver.resolveTxt('10.2.0.192.bl.tlsrep.internal')
  return { dns: texts.flat().join(''), policy: await policyReply(policyPort), file: readFileSync(file, 'utf8') }
}

async function policyReply(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(policyRequest({ client_address: '192.0.2.10' }))
  const [reply] = (await once(socket, 'data')) as [Buffer]
  return reply.toString()
}

describe('whoever is refused is told where to look', () => {
  it('by every output: at the page that is configured, for the address', async () => {
    const replies = await repliesOf({ lookup_page: 'https://mx.example/q?ip={address}' })
    for (const text of Object.values(replies)) expect(text).toContain('; see https://mx.example/q?ip=192.0.2.10')
  })

  it('by every output: the postmaster, where no page is configured', async () => {
    const replies = await repliesOf({})
    for (const text of Object.values(replies)) expect(text).toContain('; ask the postmaster here about this address')
  })
})
