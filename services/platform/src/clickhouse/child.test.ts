import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { schemaJson } from '@tlsrep/schemas'
import { afterEach, expect, test } from 'vitest'
import { event } from '../../../../schemas/test/events.ts'
import { silentLogger } from '../../../../test/support/clickhouse.ts'
import { freePort } from '../../../../test/support/ports.ts'
import { avroRows } from '../event-log/avro-container.ts'
import { type ClickHouseChild, type ClickHouseChildOptions, startClickHouseChild } from './child.ts'
import { findLibrary } from './child-library.ts'
import { type ClickHouse, openClickHouse } from './clickhouse.ts'
import { migrate } from './migrate.ts'
import { ClickHouseUnavailable } from './unavailable.ts'

const logger = silentLogger
const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'tlsrep-child-'))
  undo.push(() => rm(made, { recursive: true, force: true }))
  return made
}

async function start(changes: Partial<ClickHouseChildOptions> = {}): Promise<ClickHouseChild> {
  const dataDir = changes.dataDir ?? (await folder())
  const child = await startClickHouseChild({ dataDir, httpPort: await freePort(), tcpPort: null, logger, ...changes })
  undo.push(() => child.stop())
  return child
}

function open({ url, username, password }: ClickHouseChild, database = 'tlsrep'): ClickHouse {
  const clickhouse = openClickHouse({ url, username, password, database })
  undo.push(() => clickhouse.close())
  return clickhouse
}

/** An event of the supervisor, to wait for. */
function signal(): { promise: Promise<void>; fire: () => void } {
  let fire = () => {}
  const promise = new Promise<void>((resolve) => {
    fire = resolve
  })
  return { promise, fire }
}

function kill(child: ClickHouseChild): void {
  if (child.pid === null) throw new Error('no child to kill')
  process.kill(child.pid, 'SIGKILL')
}

function container(count: number, from = 0): Uint8Array {
  return avroRows(
    schemaJson('TlsNegotiation'),
    Array.from({ length: count }, (_, i) => {
      const event_id = Buffer.alloc(16)
      event_id.writeUInt32BE(from + i)
      return { ...event({ sender: `192.0.2.${i % 7}/32` }), event_id, peer_ip: Buffer.from(event().peer_ip) }
    }),
  )
}

async function counts(clickhouse: ClickHouse): Promise<unknown> {
  const [row] = await clickhouse.rows(`SELECT (SELECT count() FROM tls_events) AS events,
    (SELECT uniqExact(event_id) FROM tls_events) AS ids,
    (SELECT sum(sessions) FROM sender_evidence_daily) AS evidence,
    (SELECT sum(sessions) FROM mta_negotiations_hourly) AS hourly`)
  return row
}

function all(count: number): object {
  return { events: count, ids: count, evidence: count, hourly: count }
}

test('password and configuration are for the owner alone, and the password stays over restarts', async () => {
  const dataDir = await folder()
  const first = await start({ dataDir })
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
  for (const file of ['password', 'config.xml', 'users.xml']) {
    expect((await stat(join(dataDir, file))).mode & 0o777, file).toBe(0o600)
  }
  expect(first.password).toMatch(/^[\w-]{43}$/)
  expect(await readFile(join(dataDir, 'users.xml'), 'utf8')).not.toContain(first.password)
  await first.stop()
  expect(first.pid).toBeNull()
  const second = await start({ dataDir })
  expect(second.password).toBe(first.password)
})

test('a child that is killed is started again, with its data, and its owner is told', async () => {
  const down = signal()
  const up = signal()
  const child = await start({ onDown: down.fire, onUp: up.fire })
  const clickhouse = open(child)
  await migrate(clickhouse, { logger })
  await clickhouse.insertAvro('tls_events', container(500), 'before')
  const { pid } = child
  kill(child)
  await down.promise
  await expect(clickhouse.rows('SELECT 1')).rejects.toBeInstanceOf(ClickHouseUnavailable)
  await up.promise
  expect(child.pid).not.toBe(pid)
  expect(child.counters).toEqual({ starts: 2, crashes: 1 })
  expect(await counts(clickhouse)).toEqual(all(500))
  await clickhouse.insertAvro('tls_events', container(500), 'before')
  expect(await counts(clickhouse)).toEqual(all(500))
})

test('killed in the middle of inserts: what was not acknowledged, sent again with its token, is counted once', async () => {
  const ups: (() => void)[] = []
  const child = await start({ onUp: () => ups.shift()?.() })
  const clickhouse = open(child)
  await migrate(clickhouse, { logger })
  const BATCH = 4_000
  const ROUNDS = 4
  for (let round = 0; round < ROUNDS; round++) {
    const up = new Promise<void>((resolve) => ups.push(resolve))
    const batches = [0, 1, 2].map((i) => (round * 3 + i) * BATCH)
    const bodies = batches.map((from) => container(BATCH, from))
    const tries = Promise.allSettled(
      batches.map((from, i) => clickhouse.insertAvro('tls_events', bodies[i] as Uint8Array, `0:${from}`)),
    )
    // At another point of the insert in each round.
    await sleep(15 * round)
    kill(child)
    for (const result of await tries) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ClickHouseUnavailable)
    }
    await up
    for (const [i, from] of batches.entries()) {
      await clickhouse.insertAvro('tls_events', bodies[i] as Uint8Array, `0:${from}`)
    }
    expect(await counts(clickhouse)).toEqual(all((round + 1) * 3 * BATCH))
  }
  expect(child.counters.crashes).toBe(ROUNDS)
})

test('a directory that another process holds is an error that names the process, and the holder lives on', async () => {
  const dataDir = await folder()
  const holder = await start({ dataDir })
  await expect(start({ dataDir, lockTimeout: 300 })).rejects.toMatchObject({
    code: 'TLSREP_CLICKHOUSE_DIRECTORY_IN_USE',
    message: expect.stringContaining(`pid ${holder.pid}`),
    where: dataDir,
  })
  expect(await open(holder, 'default').ping()).toBe(true)
})

test('a start waits for the child of a tlsrep that was just killed', async () => {
  const dataDir = await folder()
  const httpPort = await freePort()
  const dying = await start({ dataDir, httpPort })
  const successor = start({ dataDir, httpPort })
  await sleep(300)
  await dying.stop()
  expect((await successor).pid).not.toBeNull()
})

test('a port in use is an error that names its holder and the setting', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  undo.push(async () => server.close())
  const { port } = server.address() as { port: number }
  await expect(start({ httpPort: port })).rejects.toMatchObject({
    code: 'TLSREP_PORT_IN_USE',
    message: expect.stringContaining('this process itself'),
    remedy: expect.stringContaining('clickhouse.child.http_port'),
  })
  await expect(start({ tcpPort: port })).rejects.toMatchObject({
    remedy: expect.stringContaining('clickhouse.child.tcp_port'),
  })
})

test('a server that cannot start says why', async () => {
  const dataDir = await folder()
  await writeFile(join(dataDir, 'data'), 'a file where a directory has to be')
  await expect(start({ dataDir })).rejects.toMatchObject({
    code: 'TLSREP_CLICKHOUSE_START_FAILED',
    message: expect.stringMatching(/^ClickHouse ended with exit code \d+: .{20}/),
  })
})

test('a server that does not answer in time is ended, and that is an error', async () => {
  await expect(start({ readyTimeout: 1 })).rejects.toMatchObject({
    code: 'TLSREP_CLICKHOUSE_START_FAILED',
    message: expect.stringContaining('did not answer in time'),
  })
})

test('a configuration file in the working directory of tlsrep is not read', async () => {
  const dataDir = await folder()
  const before = process.cwd()
  const elsewhere = await folder()
  await writeFile(join(elsewhere, 'config.xml'), '<clickhouse><broken')
  process.chdir(elsewhere)
  undo.push(async () => process.chdir(before))
  const child = await start({ dataDir })
  expect(await open(child, 'default').ping()).toBe(true)
  expect(await readdir(elsewhere)).toEqual(['config.xml'])
})

test('stopping while the child is being started again leaves no child behind', async () => {
  const down = signal()
  const child = await start({ onDown: down.fire })
  kill(child)
  await down.promise
  await child.stop()
  expect(child.pid).toBeNull()
})

test('a query that needs more memory than the child may take fails as an outage, and the child lives on', async () => {
  const clickhouse = open(await start(), 'default')
  const greedy = 'SELECT count() FROM (SELECT groupArray(number) AS a FROM numbers(300000000))'
  await expect(clickhouse.rows(greedy)).rejects.toMatchObject({ name: 'ClickHouseUnavailable', clickhouseCode: 241 })
  expect(await clickhouse.ping()).toBe(true)
})

test('on a machine for which there is no library, the error says which machines there are and what else helps', () => {
  const mac = { os: 'darwin', arch: 'arm64', glibc: false }
  const musl = { os: 'linux', arch: 'x64', glibc: false }
  for (const platform of [mac, musl]) {
    expect(() => findLibrary(platform)).toThrow(/Linux on x64 with glibc/)
  }
  const nothing = () => {
    throw new Error('Cannot find module')
  }
  expect(() => findLibrary({ os: 'linux', arch: 'x64', glibc: true }, nothing)).toThrow(/not installed/)
})
