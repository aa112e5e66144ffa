import { createHash } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import {
  HOUR,
  listingRecord,
  overrideRecord,
  START,
  type TestPublisher,
  testPublisher,
} from '../../publisher.test-support.ts'
import { formatFor, registerFeed, STALE_HEADER } from './feed.ts'

let app: FastifyInstance
let test_: TestPublisher
let url = ''

async function serve(started = true, staleSince?: () => number | null): Promise<void> {
  test_ = await testPublisher({ start: started })
  app = Fastify()
  registerFeed(app, test_.publisher, { now: test_.clock.now, ...(staleSince && { staleSince }) })
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/v1/listings`
}

afterEach(async () => {
  await app.close()
  await test_.publisher.close()
})

function get(headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(url, { headers, method })
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

describe('the feed', () => {
  test('gives the whole list as JSON, with count and hash', async () => {
    await serve()
    await test_.listings(listingRecord('192.0.2.0/24', { tier: 'reject' }), listingRecord('2001:db8:1:2::/64'))
    await test_.overrides(overrideRecord('192.0.2.7/32', 'allow'), overrideRecord('198.51.100.1/32', 'deny'))
    const answer = await get()
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    const text = await answer.text()
    const body = JSON.parse(text)
    expect(body).toMatchObject({
      sequence: Number(test_.publisher.snapshot.sequence),
      generated_at: '2026-11-25T12:00:00Z',
      count: 3,
    })
    expect(body.expires_at).toBe('2026-11-25T14:00:00Z')
    expect(body.listings).toContainEqual({
      sender: '192.0.2.0/24',
      tier: 'reject',
      reasons: ['plaintext'],
      listed_at: '2026-11-25T11:00:00Z',
      expires_at: '2026-11-25T22:00:00Z',
    })
    expect(body.listings).toContainEqual(
      expect.objectContaining({ sender: '198.51.100.1/32', reasons: ['operator_deny'], expires_at: null }),
    )
    expect(body.exemptions).toContainEqual({ sender: '192.0.2.7/32', cause: 'allowed', expires_at: null })
    const lines = [...body.listings, ...body.exemptions].map((entry: object) => `${JSON.stringify(entry)}\n`).join('')
    expect(body.end).toEqual({ count: 3, sha256: sha256(lines) })
  })

  test('says on every answer, 304 too, since when the list may be out of date, and only then', async () => {
    let since: number | null = null
    await serve(true, () => since)
    const fresh = await get()
    expect(fresh.headers.has(STALE_HEADER)).toBe(false)
    since = START - HOUR
    const etag = fresh.headers.get('etag') ?? ''
    for (const [headers, status] of [[{}, 200] as const, [{ 'if-none-match': etag }, 304] as const]) {
      const stale = await get(headers)
      expect({ status: stale.status, since: stale.headers.get(STALE_HEADER) }).toEqual({
        status,
        since: new Date(START - HOUR).toISOString(),
      })
    }
  })

  test('gives NDJSON and plain text to those who ask for them, each with a hash that shows what is missing', async () => {
    await serve()
    await test_.listings(...Array.from({ length: 2500 }, (_, i) => listingRecord(`10.0.${i >> 8}.${i & 255}/32`)))
    await test_.clock.advance(100)
    const ndjson = (await (await get({ accept: 'application/x-ndjson' })).text()).trimEnd().split('\n')
    expect(ndjson.filter((line) => line.includes('"listing"'))).toHaveLength(2500)
    expect(JSON.parse(ndjson[0] ?? '')).toMatchObject({ type: 'head', count: 2500 })
    expect(JSON.parse(ndjson[1] ?? '')).toMatchObject({ type: 'listing', tier: 'tag' })
    const entries = ndjson.slice(1, -1).map((line) => `${line}\n`)
    expect(JSON.parse(ndjson.at(-1) ?? '')).toEqual({ type: 'end', count: 2500, sha256: sha256(entries.join('')) })
    const text = (await (await get({ accept: 'text/plain' })).text()).trimEnd().split('\n')
    expect(text[1]).toMatch(/^10\.0\.\d+\.\d+\/32 tag 2026-11-25T22:00:00Z$/)
    expect(text.at(-1)).toBe(
      `# end count=2500 sha256=${sha256(
        text
          .slice(1, -1)
          .map((line) => `${line}\n`)
          .join(''),
      )}`,
    )
  })

  test('answers 304 to whoever has this state, and the list to whoever has another', async () => {
    await serve()
    await test_.listings(listingRecord('192.0.2.1/32'))
    const first = await get()
    const tag = first.headers.get('etag') ?? ''
    expect(tag).toMatch(/^"[^"]+"$/)
    const same = await get({ 'if-none-match': `"other", W/${tag}` })
    expect(same.status).toBe(304)
    expect(await same.text()).toBe('')
    expect(same.headers.get('etag')).toBe(tag)
    expect((await get({ 'if-none-match': tag, accept: 'text/plain' })).status, 'another format is another entity').toBe(
      200,
    )
    await test_.clock.advance(1000)
    await test_.listings(listingRecord('192.0.2.2/32'))
    const changed = await get({ 'if-none-match': tag })
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).not.toBe(tag)
  })

  test('has the same bytes under the same tag, and the next tag when its end moves on', async () => {
    await serve()
    await test_.listings(listingRecord('192.0.2.1/32'))
    await test_.clock.advance(100)
    const [one, two] = [await get(), await get()]
    expect(one.headers.get('etag')).toBe(two.headers.get('etag'))
    expect(await one.text()).toBe(await two.text())
    await test_.clock.advance(HOUR)
    const later = await get({ 'if-none-match': one.headers.get('etag') ?? '' })
    expect(later.status).toBe(200)
    expect(await later.json()).toMatchObject({ expires_at: '2026-11-25T15:00:00Z' })
  })

  test('answers HEAD with the headers of GET', async () => {
    await serve()
    const [head, whole] = [await get({}, 'HEAD'), await get()]
    for (const name of ['etag', 'expires', 'content-type', 'vary'])
      expect(head.headers.get(name)).toBe(whole.headers.get(name))
    expect(await head.text()).toBe('')
  })

  test('is fresh for a minute, or until the next listing ends', async () => {
    await serve()
    expect((await get()).headers.get('expires')).toBe('Wed, 25 Nov 2026 12:01:00 GMT')
    await test_.listings(listingRecord('192.0.2.1/32', { expires_at: START + 10_000 }))
    expect((await get()).headers.get('expires')).toBe('Wed, 25 Nov 2026 12:00:10 GMT')
  })

  test('does not give out what has expired, although no timer has run', async () => {
    await serve()
    await test_.listings(listingRecord('192.0.2.1/32', { expires_at: START + 10_000 }))
    const tag = (await get()).headers.get('etag') ?? ''
    test_.clock.jump(10_000)
    const answer = await get({ 'if-none-match': tag })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ count: 0, listings: [] })
  })

  test('says that it is not ready rather than that nobody is listed', async () => {
    await serve(false)
    const answer = await get()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(await answer.json()).toMatchObject({ error: { code: 'TLSREP_LIST_NOT_READY', remedy: expect.any(String) } })
  })
})

test.each([
  [undefined, 'json'],
  ['*/*', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['text/plain;q=0.5, application/json;q=0.4', 'text'],
  ['text/plain, application/json', 'json'],
  ['image/png', 'json'],
  ['text/plain;q=nonsense', 'json'],
])('Accept: %s gets %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format)
})
