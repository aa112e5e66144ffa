import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { breathe, KeptLog, MovedClock, START } from '../../publisher.test-support.ts'
import type { PublishedListing } from '../output.ts'
import { listing, PolicyClient, policyRequest, snapshotOf } from './policy-service.test-support.ts'
import { type PolicyService, type PolicyServiceOptions, startPolicyService } from './policy-service.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

interface Running {
  service: PolicyService
  clock: MovedClock
  logger: KeptLog
  client(): PolicyClient
}

async function running(
  listings: readonly PublishedListing[],
  options: Partial<PolicyServiceOptions> = {},
): Promise<Running> {
  const clock = new MovedClock()
  const logger = new KeptLog()
  const service = await startPolicyService({
    endpoints: [{ address: '127.0.0.1', port: 0 }],
    listeners: [{ name: 'mx', port: 25, cap: 'reject', mode: 'reject' }],
    otherwise: { cap: 'tag', mode: 'observe' },
    lookupPage: 'https://example.org/q?ip={address}',
    logger,
    now: clock.now,
    after: clock.after,
    ...options,
  })
  open.push(service)
  await service.publish(snapshotOf(listings), { added: [], changed: [], removed: [] })
  const client = (): PolicyClient => {
    const made = new PolicyClient({ port: service.ports[0] ?? 0 })
    open.push({ close: async () => void made.socket.destroy() })
    return made
  }
  return { service, clock, logger, client }
}

const TAGGED = listing('192.0.2.10/32', { tier: 'tag' })

describe('what Postfix is told', () => {
  test('a sender that is not listed, or not any longer, passes', async () => {
    const { client, clock } = await running([listing('192.0.2.10/32')])
    const one = client()
    expect(await one.ask({ client_address: '192.0.2.11' })).toBe('DUNNO')
    expect(await one.ask()).toMatch(/^REJECT /)
    clock.jump(3_600_000)
    expect(await one.ask()).toBe('DUNNO')
  })

  test('reject and defer say why and where to look, with their enhanced codes', async () => {
    const { client } = await running([listing('192.0.2.10/32'), listing('2001:db8:1:2::/64', { tier: 'defer' })])
    const one = client()
    expect(await one.ask()).toMatch(
      /^REJECT 5\.7\.1 TLS reputation of 192\.0\.2\.10: .*see https:\/\/example\.org\/q\?ip=192\.0\.2\.10$/,
    )
    expect(await one.ask({ client_address: '2001:db8:1:2::25' })).toMatch(
      /^DEFER_IF_PERMIT 4\.7\.1 TLS reputation of 2001:db8:1:2::25: /,
    )
    expect(await one.ask({ protocol_state: 'CONNECT' })).toMatch(/^REJECT /)
  })

  test('a message gets its header once, however many recipients it has', async () => {
    const { client, service } = await running([TAGGED])
    const one = client()
    expect(await one.ask({ instance: 'a' })).toBe(
      'PREPEND X-TLS-Reputation: applied=tag; tier=tag; sender=192.0.2.10/32; reasons=plaintext; until=2026-11-25T13:00:00Z',
    )
    expect(await one.ask({ instance: 'a' })).toBe('DUNNO')
    expect(await one.ask({ instance: 'a', protocol_state: 'DATA' })).toBe('DUNNO')
    expect(await one.ask({ instance: 'b' })).toMatch(/^PREPEND /)
    expect(await client().ask({ instance: 'b' })).toMatch(/^PREPEND /)
    expect(service.counters.tagged).toBe(3)
  })

  test('no header is given where Postfix would lose or refuse it', async () => {
    const { client } = await running([TAGGED])
    const one = client()
    for (const protocol_state of ['CONNECT', 'EHLO', 'HELO', 'END-OF-MESSAGE', 'VRFY', 'ETRN']) {
      expect(await one.ask({ protocol_state }), protocol_state).toBe('DUNNO')
    }
    expect(await one.ask({ protocol_state: 'MAIL' })).toMatch(/^PREPEND /)
    expect(await one.ask({ instance: '' })).toBe('DUNNO')
    expect(await one.ask({ instance: '', protocol_state: 'DATA' })).toMatch(/^PREPEND /)
  })

  test('each listener goes as far as its own cap and mode', async () => {
    const { client } = await running([listing('192.0.2.10/32')], {
      listeners: [
        { name: 'mx', port: 25, cap: 'defer', mode: 'reject' },
        { name: 'backup', port: 2525, cap: 'reject', mode: 'tag' },
      ],
    })
    const one = client()
    expect(await one.ask({ server_port: '25' })).toMatch(/^DEFER_IF_PERMIT /)
    expect(await one.ask({ server_port: '2525' })).toMatch(/^PREPEND /)
    expect(await one.ask({ server_port: '26' })).toBe('DUNNO')
    expect(await one.ask({ server_port: '' })).toBe('DUNNO')
  })

  test('in mode observe nothing happens, and the log and the counters say what would have', async () => {
    const { client, service, logger } = await running([listing('192.0.2.10/32')], {
      listeners: [{ name: 'mx', port: 25, cap: 'defer', mode: 'observe' }],
    })
    const one = client()
    for (let recipient = 0; recipient < 3; recipient++) expect(await one.ask({ instance: 'a' })).toBe('DUNNO')
    expect(service.counters).toMatchObject({ would_defer: 1, deferred: 0 })
    expect(logger.lines).toMatchObject([
      { message: 'would defer', facts: { listener: 'mx', client: '192.0.2.10', sender: '192.0.2.10/32' } },
    ])
  })

  test('a client that has logged in passes', async () => {
    const { client } = await running([listing('192.0.2.10/32')])
    expect(await client().ask({ sasl_username: 'anna' })).toBe('DUNNO')
  })

  test('before the list is known everybody passes', async () => {
    const service = await startPolicyService({
      endpoints: [{ address: '127.0.0.1', port: 0 }],
      listeners: [],
      otherwise: { cap: 'reject', mode: 'reject' },
      lookupPage: null,
      logger: new KeptLog(),
      now: () => START,
    })
    open.push(service)
    const one = new PolicyClient({ port: service.ports[0] ?? 0 })
    expect(await one.ask()).toBe('DUNNO')
    one.socket.destroy()
  })
})

describe('requests come as they come', () => {
  test('pipelined ones are answered in order, wherever the network cuts them', async () => {
    const { client } = await running([listing('192.0.2.10/32')])
    const asked = ['192.0.2.10', '192.0.2.11', '192.0.2.10', 'unknown', '']
    const text = asked.map((client_address) => policyRequest({ client_address })).join('')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 6 }), async (cuts) => {
        const one = client()
        const places = [0, ...cuts.sort((a, b) => a - b), text.length]
        for (let i = 1; i < places.length; i++) {
          one.write(text.slice(places[i - 1], places[i]))
          await breathe(1)
        }
        for (const address of asked) {
          expect(await one.reply()).toMatch(address === '192.0.2.10' ? /^REJECT / : /^DUNNO$/)
        }
        one.socket.destroy()
      }),
      { numRuns: 20 },
    )
  })

  test('a socket file serves as a port does, and one left behind by a dead process is replaced', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'policy-'))
    const path = join(directory, 'policy.sock')
    open.push({ close: () => rm(directory, { recursive: true }) })
    await leaveSocketBehind(path)
    const { service } = await running([listing('192.0.2.10/32')], { endpoints: [{ path }] })
    const one = new PolicyClient({ path })
    expect(await one.ask()).toMatch(/^REJECT /)
    one.socket.destroy()
    expect((await stat(path)).mode & 0o666, 'Postfix is another user').toBe(0o666)
    await expect(running([], { endpoints: [{ path }] })).rejects.toMatchObject({ code: 'TLSREP_SOCKET_UNAVAILABLE' })
    expect(service.counters.connections_opened).toBe(2)
  })

  test('a file that is no socket is not removed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'policy-'))
    open.push({ close: () => rm(directory, { recursive: true }) })
    const path = join(directory, 'precious')
    await writeFile(path, 'letters')
    await expect(running([], { endpoints: [{ path }] })).rejects.toMatchObject({ code: 'TLSREP_SOCKET_UNAVAILABLE' })
    expect((await stat(path)).size).toBe(7)
  })

  test('an address that other machines reach is refused unless the operator says otherwise', async () => {
    const open = { address: '0.0.0.0', port: 0 }
    await expect(running([], { endpoints: [open] })).rejects.toMatchObject({ code: 'TLSREP_LISTEN_IN_CLEAR' })
    const { client } = await running([], { endpoints: [{ ...open, insecure: true }] })
    expect(await client().ask()).toBe('DUNNO')
  })

  test('a port in use is said with its holder', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    open.push({ close: async () => void holder.close() })
    const address = holder.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const started = running([], { endpoints: [{ address: '127.0.0.1', port }] })
    await expect(started).rejects.toMatchObject({ code: 'TLSREP_PORT_IN_USE' })
  })
})

/** A socket file that nobody answers on: the server's process ends without closing it. */
async function leaveSocketBehind(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
  await stat(path)
}
