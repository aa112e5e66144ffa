import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { breathe, KeptLog, MovedClock } from '../../publisher.test-support.ts'
import { listing, PolicyClient, policyRequest, snapshotOf } from './policy-service.test-support.ts'
import { type PolicyService, type PolicyServiceOptions, startPolicyService } from './policy-service.ts'

let service: PolicyService
let clock: MovedClock
let logger: KeptLog
const clients: PolicyClient[] = []

async function start(options: Partial<PolicyServiceOptions> = {}): Promise<void> {
  clock = new MovedClock()
  logger = new KeptLog()
  service = await startPolicyService({
    endpoints: [{ address: '127.0.0.1', port: 0 }],
    listeners: [],
    otherwise: { cap: 'reject', mode: 'reject' },
    lookupPage: null,
    logger,
    now: clock.now,
    after: clock.after,
    ...options,
  })
  await service.publish(snapshotOf([listing('192.0.2.10/32')]), { added: [], changed: [], removed: [] })
}

function client(): PolicyClient {
  const made = new PolicyClient({ port: service.ports[0] ?? 0 })
  clients.push(made)
  return made
}

afterEach(async () => {
  for (const one of clients.splice(0)) one.socket.destroy()
  await service.close()
})

/** Waits for what another socket does, however long the machine takes. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await breathe(1)
}

describe('a client that is no Postfix', () => {
  test('gets DUNNO and is shown the door for what is no request', async () => {
    await start()
    for (const text of [
      'GET / HTTP/1.1\n\n',
      '\n',
      '\n\n\n\n',
      'request=smtpd_access_policy\nrubbish\n\n',
      'a=b\n\n',
    ]) {
      const one = client()
      one.write(text)
      expect(await one.reply(), JSON.stringify(text)).toBe('DUNNO')
      await one.ended()
    }
    expect(service.counters.malformed_requests).toBe(5)
    expect(logger.lines, 'one line, not five').toHaveLength(1)
  })

  test('harms nobody else, whatever bytes it sends', async () => {
    await start()
    const postfix = client()
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.string({
        unit: fc.constantFrom('\n', '=', '\0', 'request=smtpd_access_policy\n', 'client_address=', '192.0.2.10', 'ÿ'),
        maxLength: 60,
      }),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (garbage) => {
        const one = client()
        one.socket.end(Buffer.from(garbage))
        await one.ended()
        expect(await postfix.ask()).toMatch(/^REJECT /)
      }),
      { numRuns: 60 },
    )
  })

  test('cannot make a request without end', async () => {
    await start()
    const one = client()
    one.write(`request=smtpd_access_policy\nhelo_name=${'x'.repeat(40_000)}`)
    expect(await one.reply()).toBe('DUNNO')
    await one.ended()
    const two = client()
    two.write(`request=smtpd_access_policy\nhelo_name=${'x'.repeat(40_000)}\n\n`)
    expect(await two.reply()).toBe('DUNNO')
  })

  test('that was answered before the one bad request gets those answers', async () => {
    await start()
    const one = client()
    one.write(`${policyRequest()}rubbish\n\n${policyRequest()}`)
    expect(await one.reply()).toMatch(/^REJECT /)
    expect(await one.reply()).toBe('DUNNO')
    expect(await one.reply()).toBe('closed')
  })
})

describe('a client that stops', () => {
  test('in the middle of a request loses its connection, one between requests keeps it as long as Postfix would', async () => {
    await start()
    const half = client()
    half.write('request=smtpd_access_policy\nclient_addr')
    const quiet = client()
    await quiet.ask()
    await until(() => service.counters.connections === 2)
    await breathe(20)
    await clock.advance(12_000)
    await half.ended()
    await clock.advance(300_000)
    expect(await quiet.ask()).toMatch(/^REJECT /)
    await clock.advance(602_000)
    await quiet.ended()
    expect(service.counters.connections_timed_out).toBe(2)
  })

  test('with half a request and goes away is forgotten', async () => {
    await start()
    const one = client()
    one.socket.end('request=smtpd_access_policy\n')
    await one.ended()
    await until(() => service.counters.connections === 0)
    expect(service.counters).toMatchObject({ requests: 0, malformed_requests: 0 })
  })

  test('reading loses its connection, and never holds more of our memory than the bound', async () => {
    await start()
    const one = client()
    one.socket.pause()
    const flood = policyRequest().repeat(2000)
    for (let i = 0; i < 30 && !one.closed; i++) {
      one.write(flood)
      await breathe(2)
    }
    await breathe(50)
    await clock.advance(12_000)
    await until(() => service.counters.connections === 0)
    expect(service.counters.slow_clients).toBe(1)
    expect(service.counters.requests).toBeLessThan(60_000)
    const other = client()
    expect(await other.ask()).toMatch(/^REJECT /)
  })

  test('for a while and then reads gets every answer', async () => {
    await start()
    const one = client()
    one.socket.pause()
    one.write(policyRequest().repeat(5000))
    await breathe(50)
    one.socket.resume()
    for (let i = 0; i < 5000; i++) expect(await one.reply()).toMatch(/^REJECT /)
  })
})

test('thousands of connections are served, and those beyond the limit are counted', async () => {
  await start({ maxConnections: 2000 })
  const many = Array.from({ length: 2000 }, () => client())
  for (const reply of await Promise.all(many.map((one) => one.ask()))) expect(reply).toMatch(/^REJECT /)
  const late = client()
  late.write(policyRequest())
  expect(await late.reply()).toBe('closed')
  expect(service.counters).toMatchObject({ connections: 2000, connections_refused: 1, requests: 2000 })
})

test('a close ends every connection', async () => {
  await start()
  const one = client()
  await one.ask()
  await service.close()
  await one.ended()
})
