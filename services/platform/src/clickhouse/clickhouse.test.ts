import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { silentLogger, useClickHouse } from '../../../../test/support/clickhouse.ts'
import { openClickHouse } from './clickhouse.ts'
import { ClickHouseUnavailable, throughOutages } from './unavailable.ts'

const server = useClickHouse()
let fake: Server | undefined
afterEach(() => {
  fake?.closeAllConnections()
  fake?.close()
})

/** A server that is none, to see what the adapter makes of it. */
async function answering(listener: Parameters<typeof createServer>[1]) {
  fake = createServer(listener as never).listen(0, '127.0.0.1')
  await once(fake, 'listening')
  const url = `http://127.0.0.1:${(fake.address() as AddressInfo).port}`
  return openClickHouse({ url, username: 'tlsrep', password: 'x', database: 'tlsrep', requestTimeout: 300 })
}

test('nobody gets in without the password, or with a wrong one, whatever the user name', async () => {
  const { url, password } = server.child
  const as = (username: string, given: string) =>
    openClickHouse({ url, username, password: given, database: 'default' })
  const right = as('tlsrep', password)
  expect(await right.rows('SELECT 1 AS one')).toEqual([{ one: 1 }])
  await right.close()
  for (const [username, given] of [
    ['tlsrep', 'wrong'],
    ['tlsrep', ''],
    ['default', ''],
    ['default', password],
    ['nobody', password],
  ] as const) {
    const wrong = as(username, given)
    await expect(wrong.rows('SELECT 1'), `${username} ${given === ''}`).rejects.toThrow(/code (194|516|700)\)$/)
    expect(await wrong.ping()).toBe(false)
    await wrong.close()
  }
})

test('a wrong password is an error for the operator, and the password is not in it', async () => {
  const wrong = server.emptyDatabase({ password: 'hunter2' })
  const failure = await wrong.rows('SELECT 1').catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'TLSREP_CLICKHOUSE_REFUSED', where: wrong.where })
  expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('hunter2')
})

test('a database that was never migrated is an error for the operator', async () => {
  await expect(server.emptyDatabase().rows('SELECT count() FROM tls_events')).rejects.toMatchObject({
    code: 'TLSREP_CLICKHOUSE_NOT_MIGRATED',
  })
})

test('values go into a query as parameters, numbers of 64 bits come back as numbers, times as RFC 3339', async () => {
  const clickhouse = await server.freshDatabase()
  const rows = await clickhouse.rows(
    "SELECT {text:String} AS text, {list:Array(String)} AS list, toUInt64(9007199254740991) AS large, fromUnixTimestamp64Milli(1764061200123, 'UTC') AS time",
    { text: "it's; \\ DROP", list: ['a', "b'"] },
  )
  expect(rows).toEqual([
    { text: "it's; \\ DROP", list: ['a', "b'"], large: 9007199254740991, time: '2025-11-25T09:00:00.123Z' },
  ])
})

test('a read cannot write', async () => {
  const clickhouse = await server.freshDatabase()
  await expect(clickhouse.rows('TRUNCATE TABLE tls_events')).rejects.toThrow(/readonly/i)
})

test('a large result comes in pieces, and leaving it ends the query on the server', async () => {
  const clickhouse = await server.freshDatabase()
  let count = 0
  for await (const rows of clickhouse.stream<{ n: number }>('SELECT number AS n FROM numbers(300000)'))
    count += rows.length
  expect(count).toBe(300_000)
  for await (const rows of clickhouse.stream(
    'SELECT number, sleepEachRow(0.001) FROM numbers(100000000) SETTINGS max_block_size = 10',
  )) {
    if (rows.length > 0) break
  }
  for (let tries = 0; ; tries++) {
    const running = await clickhouse.rows(
      "SELECT query_id FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'",
    )
    if (running.length === 0) break
    expect(tries, 'the query still runs').toBeLessThan(200)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

test('an error in the middle of a result is an error, not a short result', async () => {
  const clickhouse = await server.freshDatabase()
  const query = "SELECT throwIf(number = 200000, 'so late') AS x FROM numbers(300000) SETTINGS max_block_size = 1000"
  await expect(clickhouse.rows(query)).rejects.toThrow()
  await expect(async () => {
    for await (const _ of clickhouse.stream(query));
  }).rejects.toThrow()
})

test('a server that is not there is an outage', async () => {
  const clickhouse = openClickHouse({ url: 'http://127.0.0.1:1', username: 'x', password: 'x', database: 'x' })
  await expect(clickhouse.rows('SELECT 1')).rejects.toBeInstanceOf(ClickHouseUnavailable)
  await expect(clickhouse.insertAvro('tls_events', Buffer.from('x'), 't')).rejects.toBeInstanceOf(ClickHouseUnavailable)
  await expect(clickhouse.insertRows('reputation', [{ sender: 'x' }])).rejects.toBeInstanceOf(ClickHouseUnavailable)
  expect(await clickhouse.ping()).toBe(false)
  expect(clickhouse.counters).toMatchObject({ errors: 3, inserts: 1 })
})

test('a server that never answers is an outage after the time-out', async () => {
  const clickhouse = await answering(() => {})
  await expect(clickhouse.rows('SELECT 1')).rejects.toBeInstanceOf(ClickHouseUnavailable)
  await expect(clickhouse.insertAvro('t', Buffer.from('x'), 't')).rejects.toBeInstanceOf(ClickHouseUnavailable)
})

test('a connection that is cut in the middle of an insert is an outage', async () => {
  const clickhouse = await answering((request) => request.once('data', () => request.socket.destroy()))
  await expect(clickhouse.insertAvro('t', Buffer.alloc(1_000_000), 't')).rejects.toBeInstanceOf(ClickHouseUnavailable)
})

test('a proxy that speaks in the place of ClickHouse is an outage', async () => {
  const clickhouse = await answering((_request, response) =>
    response.writeHead(502).end('<html>502 Bad Gateway</html>'),
  )
  await expect(clickhouse.rows('SELECT 1')).rejects.toBeInstanceOf(ClickHouseUnavailable)
})

test('an outage is waited for, another failure is not, and a stop ends the waiting', async () => {
  let calls = 0
  const outage = () => new ClickHouseUnavailable('down', { clickhouseCode: null, cause: null })
  const options = { what: 'test', logger: silentLogger, firstDelay: 1, signal: new AbortController().signal }
  const attempt = async () => {
    if (++calls < 4) throw outage()
    return 'done'
  }
  expect(await throughOutages(attempt, options)).toBe('done')
  await expect(throughOutages(() => Promise.reject(new Error('a bug')), options)).rejects.toThrow('a bug')
  const stop = new AbortController()
  const waiting = throughOutages(() => Promise.reject(outage()), {
    ...options,
    firstDelay: 60_000,
    maxDelay: 60_000,
    signal: stop.signal,
  })
  stop.abort()
  await expect(waiting).rejects.toBeInstanceOf(ClickHouseUnavailable)
})
