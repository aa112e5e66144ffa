import { Resolver } from 'node:dns/promises'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tier } from '@tlsrep/schemas'
import Fastify from 'fastify'
import ipaddr from 'ipaddr.js'
import { afterAll, afterEach, beforeAll, test } from 'vitest'
import { KeptLog, type MovedClock } from '../publisher.test-support.ts'
import { CidrFile } from './cidr-file/cidr-file.ts'
import type { CidrFlavour } from './cidr-file/cidr-text.ts'
import { createDnsbl } from './dnsbl/dnsbl.ts'
import { registerFeed } from './feed/feed.ts'
import { expectParity, type ParityProbe } from './parity.test-support.ts'
import { PolicyClient } from './policy-service/policy-service.test-support.ts'
import { startPolicyService } from './policy-service/policy-service.ts'

const LIMITS = { cap: 'reject', mode: 'reject' } as const
const all = (tier: Tier): Tier => tier
const withoutWatch = (tier: Tier): Tier => (tier === 'watch' ? 'clean' : tier)

let directory = ''
const cleanups: (() => Promise<void> | void)[] = []
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parity-'))
})
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean()
})
afterAll(() => rm(directory, { recursive: true }))

async function policyProbe(clock: MovedClock): Promise<ParityProbe> {
  const { now, after } = clock
  const endpoints = [{ address: '127.0.0.1', port: 0 }]
  const output = await startPolicyService({
    endpoints,
    listeners: [],
    otherwise: LIMITS,
    lookupPage: null,
    logger: new KeptLog(),
    now,
    after,
  })
  // Made when it is needed: the history moves the clock beyond what a quiet connection may last.
  let client: PolicyClient | undefined
  cleanups.push(() => void client?.socket.destroy())
  let message = 0
  return {
    name: 'policy service',
    output,
    shows: withoutWatch,
    tierOf: async (client_address) => {
      client ??= new PolicyClient({ port: output.ports[0] ?? 0 })
      return tierOfAction(await client.ask({ client_address, instance: `m${message++}` }))
    },
  }
}

function cidrProbe(clock: MovedClock, flavour: CidrFlavour): ParityProbe {
  const path = join(directory, `${flavour}.cidr`)
  const { now, after } = clock
  return {
    name: `cidr file for ${flavour}`,
    output: new CidrFile({
      ...LIMITS,
      flavour,
      lookupPage: null,
      path,
      logger: new KeptLog(),
      now,
      after,
      minInterval: 0,
    }),
    shows: flavour === 'smtpd' ? withoutWatch : (tier) => (tier === 'reject' ? tier : 'clean'),
    tierOf: async (address) => tierOfAction(firstMatch(await readFile(path, 'utf8'), address)),
  }
}

/** As cidr_table(5) looks an address up: the first line that holds it. */
function firstMatch(text: string, address: string): string {
  const asked = ipaddr.parse(address)
  for (const line of text.split('\n')) {
    const [prefix = '', action = ''] = line.split('\t')
    if (line === '' || line.startsWith('#')) continue
    const [network, length] = ipaddr.parseCIDR(prefix)
    if (network.kind() === asked.kind() && asked.match(network, length)) return action
  }
  return 'DUNNO'
}

function tierOfAction(action: string): Tier {
  const tiers: Record<string, Tier> = { PREPEND: 'tag', DEFER_IF_PERMIT: 'defer', REJECT: 'reject', DUNNO: 'clean' }
  const tier = tiers[action.split(' ')[0]?.toUpperCase() ?? '']
  if (tier === undefined) throw new Error(`no action of ours: ${action}`)
  return tier
}

function feedProbe(clock: MovedClock): ParityProbe {
  const app = Fastify()
  cleanups.push(() => app.close())
  return {
    name: 'feed',
    output: null,
    shows: all,
    attach: async (publisher) => registerFeed(app, publisher, { now: clock.now }),
    tierOf: async (address) => {
      const answer = await app.inject({ url: '/v1/listings', headers: { accept: 'text/plain' } })
      return longestLine(answer.body, address)
    },
  }
}

/** As a reader of the feed looks an address up: the most specific prefix, a listing before an exemption of the same. */
function longestLine(text: string, address: string): Tier {
  const asked = ipaddr.parse(address)
  let best = { length: -1, tier: 'clean' as Tier }
  for (const line of text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) {
    const [prefix = '', tier = ''] = line.replace('!', '').split(' ')
    const [network, length] = ipaddr.parseCIDR(prefix)
    if (network.kind() !== asked.kind() || !asked.match(network, length) || length <= best.length) continue
    best = { length, tier: line.startsWith('!') ? 'clean' : (tier as Tier) }
  }
  return best.tier
}

async function dnsblProbe(clock: MovedClock): Promise<ParityProbe> {
  const zone = 'bl.tlsrep.internal'
  const output = await createDnsbl({
    address: '127.0.0.1',
    port: 0,
    zone,
    limits: LIMITS,
    lookupPage: null,
    logger: new KeptLog(),
    now: clock.now,
  })
  const resolver = new Resolver({ timeout: 5000 })
  resolver.setServers([`127.0.0.1:${output.port}`])
  const codes: Record<string, Tier> = {
    '127.0.0.3': 'watch',
    '127.0.0.4': 'tag',
    '127.0.0.5': 'defer',
    '127.0.0.6': 'reject',
  }
  return {
    name: 'DNSBL',
    output,
    shows: all,
    tierOf: async (address) => {
      const answers = await resolver.resolve4(`${reversed(address)}.${zone}`).catch(() => [])
      return codes[answers[0] ?? ''] ?? 'clean'
    },
  }
}

function reversed(address: string): string {
  const parsed = ipaddr.parse(address)
  if (parsed.kind() === 'ipv4') return address.split('.').reverse().join('.')
  return [...Buffer.from(parsed.toByteArray()).toString('hex')].reverse().join('.')
}

test('every output says the same of every address, after any history of listings, overrides and expiries', async () => {
  await expectParity(async (clock) => [
    await policyProbe(clock),
    cidrProbe(clock, 'smtpd'),
    cidrProbe(clock, 'postscreen'),
    feedProbe(clock),
    await dnsblProbe(clock),
  ])
})
