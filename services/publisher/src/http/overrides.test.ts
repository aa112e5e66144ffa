import fc from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EMPTY_STATE } from '../list/state-file.ts'
import {
  HOUR,
  listingRecord,
  overrideRecord,
  START,
  type TestPublisher,
  testPublisher,
} from '../publisher.test-support.ts'
import { registerGate } from './gate.ts'
import { registerOverrides } from './overrides.ts'

let app: FastifyInstance
let running: TestPublisher
let base = ''

beforeEach(async () => {
  running = await testPublisher({
    gate: { newListingsPerMinute: 1, goodSessionsPerMinute: 1e6 },
    state: { load: async () => EMPTY_STATE, save: async () => {} },
  })
  app = Fastify()
  const { log, logger, clock, publisher } = running
  registerOverrides(app, publisher, { log, logger, now: clock.now, hostNames: ['mail.example.org'] })
  registerGate(app, publisher, { logger, hostNames: [] })
  base = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await app.close()
  await running.publisher.close()
})

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const init: RequestInit =
    body === undefined
      ? { method }
      : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const answer = await fetch(`${base}${path}`, init)
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
}

const ALLOW = { sender: '192.0.2.1', action: 'allow', by: 'anna', why: 'their relay is being mended' }

describe('an override', () => {
  test('is in force when it is answered, is shown, and can be withdrawn', async () => {
    await running.listings(listingRecord('192.0.2.1/32'))
    const set = await call('POST', '/v1/overrides', { ...ALLOW, until: '2026-11-26T12:00:00+01:00' })
    expect(set).toEqual({
      status: 201,
      json: {
        applied: true,
        override: {
          sender: '192.0.2.1/32',
          action: 'allow',
          tier: null,
          until: '2026-11-26T11:00:00.000Z',
          by: 'anna',
          why: 'their relay is being mended',
          created_at: '2026-11-25T12:00:00.000Z',
        },
      },
    })
    expect(running.publisher.snapshot.listings.size).toBe(0)
    expect((await call('GET', '/v1/overrides')).json).toEqual({
      overrides: [(set.json as { override: unknown }).override],
    })
    expect(await call('DELETE', '/v1/overrides/192.0.2.1%2F32')).toEqual({
      status: 200,
      json: { sender: '192.0.2.1/32', applied: true },
    })
    expect([...running.publisher.snapshot.listings.keys()]).toEqual(['192.0.2.1/32'])
    expect(running.logger.lines.map(({ message }) => message)).toEqual([
      'an operator set an override',
      'an operator withdrew an override',
    ])
  })

  test('is durable: it is on the topic', async () => {
    await call('POST', '/v1/overrides', ALLOW)
    expect(await running.log.readCompacted('tls.overrides')).toHaveLength(1)
    await call('DELETE', '/v1/overrides/192.0.2.1/32')
    expect(await running.log.readCompacted('tls.overrides')).toHaveLength(0)
  })

  test('replaces the one before, in the same millisecond too', async () => {
    expect((await call('POST', '/v1/overrides', ALLOW)).status).toBe(201)
    expect((await call('POST', '/v1/overrides', { ...ALLOW, action: 'deny', tier: 'defer' })).status).toBe(201)
    expect(running.publisher.snapshot.listings.get('192.0.2.1/32')).toMatchObject({
      tier: 'defer',
      reasons: ['operator_deny'],
    })
  })

  test('to deny is at tier reject unless it says otherwise, and needs no listing', async () => {
    await call('POST', '/v1/overrides', { ...ALLOW, sender: '2001:db8:1:2::5', action: 'deny' })
    expect(running.publisher.snapshot.listings.get('2001:db8:1:2::/64')?.tier).toBe('reject')
  })

  test.each([
    ['a sender that is none', { sender: 'not a sender' }, 'sender'],
    ['host bits', { sender: '192.0.2.1/24' }, '192.0.2.0/24'],
    ['an unknown action', { action: 'delist' }, 'action'],
    ['a tier with allow', { tier: 'tag' }, 'tier'],
    ['a moment that has passed', { until: '2020-01-01T00:00:00Z' }, 'until'],
    ['a moment that is none', { until: 'tomorrow' }, 'until'],
    ['nobody', { by: ' ' }, 'by'],
    ['control characters', { why: 'a\u001b[31mb' }, 'why'],
    ['a field that is not known', { whom: 'x' }, 'whom'],
  ])('with %s is refused with a word about it', async (_, change, word) => {
    const { status, json } = await call('POST', '/v1/overrides', { ...ALLOW, ...change })
    expect(status).toBe(400)
    expect(json).toEqual({
      error: { code: 'TLSREP_OVERRIDE_INVALID', message: expect.stringContaining(word), remedy: expect.any(String) },
    })
  })

  test('whatever JSON is sent, the answer is a refusal or a success', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (body) => {
        expect([201, 400]).toContain((await call('POST', '/v1/overrides', body)).status)
      }),
      { numRuns: 50 },
    )
  })

  test('that does not exist cannot be withdrawn', async () => {
    expect(await call('DELETE', '/v1/overrides/192.0.2.9')).toMatchObject({
      status: 404,
      json: { error: { code: 'TLSREP_OVERRIDE_UNKNOWN' } },
    })
    expect(await call('DELETE', '/v1/overrides/rubbish%20')).toMatchObject({ status: 400 })
  })

  test('that the log does not give back in time is answered 202', async () => {
    await running.publisher.close()
    const answer = call('POST', '/v1/overrides', ALLOW)
    const moving = setInterval(() => void running.clock.advance(1000), 5)
    expect(await answer).toMatchObject({ status: 202, json: { applied: false } })
    clearInterval(moving)
  })

  test('that is no JSON, or cannot be stored, is answered in the same form', async () => {
    const answer = await fetch(`${base}/v1/overrides`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { code: 'TLSREP_REQUEST_INVALID', remedy: expect.any(String) } })
    await running.log.close()
    expect(await call('POST', '/v1/overrides', ALLOW)).toMatchObject({
      status: 500,
      json: { error: { code: 'TLSREP_REQUEST_FAILED' } },
    })
  })

  test('is out of reach for a web page of another origin, and for one whose name was made to point here', async () => {
    const from = async (origin: string) =>
      (await app.inject({ method: 'POST', url: '/v1/gate/release', headers: { host: '127.0.0.1:8642', origin } }))
        .statusCode
    expect([await from('https://evil.example'), await from('null'), await from('http://127.0.0.1:8642')]).toEqual([
      403, 403, 200,
    ])
    const asked = async (host: string) => (await app.inject({ url: '/v1/overrides', headers: { host } })).statusCode
    expect(await asked('evil.example:8642')).toBe(403)
    for (const host of ['127.0.0.1:8642', '[::1]:8642', 'localhost:8642', 'mail.example.org'])
      expect(await asked(host), host).toBe(200)
  })
})

describe('the gate', () => {
  test('shows what it holds back, and lets it go', async () => {
    const listed_at = START - HOUR
    await running.listings(...[1, 2, 3].map((last) => listingRecord(`192.0.2.${last}/32`, { listed_at })))
    expect((await call('GET', '/v1/gate')).json).toMatchObject({
      count: 2,
      held: [{ sender: '192.0.2.2/32', held_for: 'too_many_new_listings' }, { sender: '192.0.2.3/32' }],
    })
    expect((await call('POST', '/v1/gate/release')).json).toEqual({ released: 2 })
    expect(running.publisher.snapshot.listings.size).toBe(3)
    expect((await call('GET', '/v1/gate')).json).toEqual({ count: 0, held: [] })
  })
})

test('an override that is on the topic already is in force after a start', async () => {
  await running.overrides(overrideRecord('192.0.2.1/32', 'deny'))
  expect((await call('GET', '/v1/overrides')).json).toMatchObject({
    overrides: [{ sender: '192.0.2.1/32', action: 'deny' }],
  })
})
