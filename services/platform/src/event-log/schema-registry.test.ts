import { type AvroSchema, createEncoder, createReader, schemaJson } from '@tlsrep/schemas'
import { afterEach, describe, expect, test } from 'vitest'
import { event } from '../../../../schemas/test/events.ts'
import { certificateFor127001 } from '../../../../test/support/kafka/certificate.ts'
import { RegistryStandIn, type StandInOptions } from '../../../../test/support/kafka/schema-registry.ts'
import { SchemaRegistry, type SchemaRegistryOptions, SchemaRegistryUnavailable } from './schema-registry.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function start(options: Partial<SchemaRegistryOptions> = {}, standInOptions: StandInOptions = {}) {
  const standIn = await RegistryStandIn.listen(standInOptions)
  stops.push(() => standIn.stop())
  let now = 0
  const registry = new SchemaRegistry({ url: standIn.url, credentials: null, now: () => now, ...options })
  const later = (ms: number): void => {
    now += ms
  }
  return { standIn, registry, later }
}

const framed = (schemaId: number) =>
  createEncoder('TlsNegotiation', { framing: { kind: 'confluent', schemaId } }).encode(event())

describe('the schema registry', () => {
  test('is asked once for the id of a schema, also by many at once', async () => {
    const { standIn, registry } = await start()
    const ids = await Promise.all(
      [1, 2, 3].map(() => registry.register('tls.negotiations', schemaJson('TlsNegotiation'))),
    )
    expect(ids).toEqual([100, 100, 100])
    expect(standIn.requests).toEqual(['POST /subjects/tls.negotiations-value/versions'])
    expect(registry.schemaOf(100)).toBe(schemaJson('TlsNegotiation'))
  })

  test('is asked once for each id that records name; then they can be read', async () => {
    const { standIn, registry } = await start()
    const id = standIn.add(JSON.stringify(schemaJson('TlsNegotiation')))
    const records = [framed(id), framed(id), createEncoder('TlsNegotiation').encode(event()), Buffer.of(0, 1)]
    await registry.learn([...records, null].map((value) => ({ key: null, value })))
    await registry.learn([{ key: null, value: framed(id) }])
    expect(standIn.requests).toEqual(['GET /schemas/ids/100'])
    const reader = createReader('TlsNegotiation', { resolveConfluentId: (of) => registry.schemaOf(of) })
    expect(reader.decode(records[0] ?? Buffer.of())).toMatchObject({ ok: true, value: { sender: '192.0.2.10/32' } })
  })

  test('is not asked again for a minute for an id that it does not know, or that is no Avro', async () => {
    const { standIn, registry, later } = await start()
    const broken = standIn.add('{ not JSON')
    const learn = () => registry.learn([framed(999), framed(broken)].map((value) => ({ key: null, value })))
    await learn()
    await learn()
    expect(standIn.requests).toHaveLength(2)
    expect(registry.schemaOf(999)).toBeUndefined()
    expect(registry.counters).toMatchObject({ unknown_ids: 2, schemas: 0 })
    later(60_000)
    await learn()
    expect(standIn.requests).toHaveLength(4)
  })

  test('that is away or broken can be asked again', async () => {
    const { standIn, registry } = await start({ timeout: 200 })
    const register = (): Promise<number> =>
      registry.register('t', { type: 'record', name: 'R', fields: [] } as AvroSchema)
    for (const answer of [
      { status: 500, body: '{}' },
      { status: 200, body: 'no JSON' },
    ]) {
      standIn.answer = answer
      await expect(register()).rejects.toBeInstanceOf(SchemaRegistryUnavailable)
    }
    standIn.answer = null
    expect(await register()).toBe(100)
    await standIn.stop()
    await expect(registry.learn([{ key: null, value: framed(7) }])).rejects.toBeInstanceOf(SchemaRegistryUnavailable)
  })

  test('that refuses a schema, or us, or is none, says what to mend, and never the password', async () => {
    const { standIn, registry } = await start({ credentials: { user: 'u', password: 'geheim' } })
    const register = (): Promise<number> => registry.register('t', schemaJson('Listing'))
    const cases = [
      { status: 409, body: '{"error_code":409,"message":"incompatible"}', code: 'TLSREP_SCHEMA_REFUSED' },
      { status: 401, body: '{}', code: 'TLSREP_SCHEMA_REGISTRY_DENIED' },
      { status: 404, body: '{"hello":"world"}', code: 'TLSREP_SCHEMA_REGISTRY_STRANGE' },
    ]
    for (const { code, ...answer } of cases) {
      standIn.answer = answer
      const refused = register()
      await expect(refused).rejects.toMatchObject({ code })
      await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('geheim') })
    }
    expect(standIn.requests[0]).toContain(`Basic ${Buffer.from('u:geheim').toString('base64')}`)
  })

  test('is spoken to over TLS by whom it trusts, under a user, and by nobody else', async () => {
    const { key, certificate } = certificateFor127001()
    const credentials = { user: 'u', password: 'geheim' }
    const trusting = { credentials, tls: { ca: certificate } }
    const { standIn, registry } = await start(trusting, { tls: { key, cert: certificate }, credentials })
    expect(await registry.register('t', schemaJson('Listing'))).toBe(100)
    const stranger = new SchemaRegistry({ ...trusting, url: standIn.url, credentials: null, now: () => 0 })
    await expect(stranger.ping()).rejects.toMatchObject({ code: 'TLSREP_SCHEMA_REGISTRY_DENIED' })
    const distrusting = new SchemaRegistry({ url: standIn.url, credentials, now: () => 0 })
    await expect(distrusting.ping()).rejects.toThrow('certificate')
  })

  test('is never asked for an id that no registry gives', async () => {
    const { standIn, registry } = await start()
    await registry.learn([{ key: null, value: Buffer.of(0, 0xff, 0xff, 0xff, 0xff, 1) }])
    expect(standIn.requests).toEqual([])
  })
})
