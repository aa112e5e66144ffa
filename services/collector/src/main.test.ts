import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { AppendBatch } from '@tlsrep/platform/event-log/event-log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Connection, Durable, Life, Outage, parsed } from './live/test-support.ts'
import { check } from './pipeline/reconciliation.ts'

const CORPUS = new URL('../../../test/corpus/postfix-3.7-loglevel1/mail.log', import.meta.url)
const content = readFileSync(CORPUS)

let directory = ''
let log = ''
let durable = new Durable()
const lives: Life[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tlsrep-collector-'))
  log = join(directory, 'mail.log')
  durable = new Durable()
})
afterEach(async () => {
  for (const life of lives.splice(0)) await life.stop().catch(() => {})
  rmSync(directory, { recursive: true })
})

function start(connection: Connection, options: ConstructorParameters<typeof Life>[2] = {}, paths = [log]): Life {
  const life = new Life(connection, paths, { dataDirectory: join(directory, 'data'), ...options })
  lives.push(life)
  return life
}

function stamped(second: number, message: string): string {
  return `Nov 25 03:46:${String(second).padStart(2, '0')} mx1 ${message}\n`
}

/** A session in clear, whole. */
function session(pid: number, second = 10, ip = '192.0.2.7'): string {
  return [
    stamped(second, `postfix/smtpd[${pid}]: connect from unknown[${ip}]`),
    stamped(second, `postfix/smtpd[${pid}]: 0F1E9B0B${pid}: client=unknown[${ip}]`),
    stamped(
      second,
      `postfix/smtpd[${pid}]: disconnect from unknown[${ip}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5`,
    ),
  ].join('')
}

function codes(life: Life): unknown[] {
  return life.logged.flatMap(({ level, facts }) => (level === 'warn' ? [facts.code] : []))
}

describe('events', () => {
  it('are those of parse, in their order, keyed by the peer’s network', async () => {
    writeFileSync(log, content)
    const life = start(new Connection(durable))
    await life.untilRead(log)
    await life.stop()
    expect(durable.events.map(({ json }) => json)).toEqual(await parsed([log]))
    for (const { key, json } of durable.events) {
      const { peer_ip } = JSON.parse(json)
      const network = /^(\d+\.\d+\.\d+)\.\d+$/.exec(peer_ip)?.[1]
      if (network === undefined) expect(key).toMatch(/^[0-9a-f:]+::\/48$/)
      else expect(key).toBe(`${network}.0/24`)
    }
  })

  it('come while the log is being written, without the batch being full', async () => {
    writeFileSync(log, session(1))
    const life = start(new Connection(durable))
    await life.until(() => durable.events.length === 1)
    appendFileSync(log, session(2))
    await life.until(() => durable.events.length === 2)
    renameSync(log, `${log}.1`)
    writeFileSync(log, session(3))
    await life.until(() => durable.events.length === 3)
    expect(life.collector.inputs[0]?.counters).toMatchObject({ finished_files: 1, sent_events: 3 })
  })

  it('of a file that was shipped twice, plain and gzipped, are sent once', async () => {
    writeFileSync(log, content)
    writeFileSync(`${log}.1.gz`, gzipSync(content))
    const life = start(new Connection(durable))
    await life.untilRead(log)
    await life.stop()
    expect(durable.events).toHaveLength((await parsed([log])).length)
    expect(life.collector.inputs[0]?.counters.received_bytes).toBe(content.length)
  })

  it('of several logs of a glob come from each by itself, also of one that is created later', async () => {
    writeFileSync(join(directory, 'a.log'), session(1, 10, '192.0.2.1'))
    mkdirSync(join(directory, 'b.log'))
    const life = start(new Connection(durable), {}, [join(directory, '*.log'), join(directory, 'c.log')])
    await life.until(() => durable.events.length === 1)
    expect(codes(life)).toEqual(['TLSREP_LOG_NOT_FOUND'])
    writeFileSync(join(directory, 'c.log'), session(1, 10, '192.0.2.3'))
    writeFileSync(join(directory, 'd.log.1'), session(1, 10, '192.0.2.4'))
    writeFileSync(join(directory, 'd.log'), session(2, 10, '192.0.2.4'))
    await life.until(() => durable.events.length === 2)
    await life.until(() =>
      life.logged.some(({ level, facts }) => level === 'info' && facts.where === join(directory, 'c.log')),
    )
  })

  it('of a host that the framing does not name have the configured one', async () => {
    writeFileSync(log, session(1).replaceAll(' mx1 ', ' '))
    const from = { kind: 'files' as const, paths: [log] }
    const life = start(new Connection(durable), { inputs: [{ name: 'mail', from, zone: 'UTC', host: 'mx7.example' }] })
    await life.until(() => durable.events.length === 1)
    expect(JSON.parse(durable.events[0]?.json ?? '').host).toBe('mx7.example')
  })
})

describe('an event log', () => {
  it('that never answers stops the reading, with little in memory', async () => {
    const sessions = Array.from({ length: 20_000 }, (_, index) => session(1000 + index)).join('')
    writeFileSync(log, sessions)
    const life = start(new Connection(durable, () => 'lost'), { batchEvents: 100, chunkBytes: 16_384 })
    const counters = life.collector.inputs[0]?.counters
    await life.until(() => (counters?.received_bytes ?? 0) > 0)
    for (let before = -1; before !== counters?.received_bytes; await sleep(100)) before = counters?.received_bytes ?? 0
    // Two batches of 100 sessions of some 250 bytes, and the blocks in which they became full.
    expect(counters?.received_bytes).toBeLessThan(100_000)
    expect(life.collector.inputs[0]?.logs()[0]?.behind).toBeGreaterThan(sessions.length - 100_000)
  })

  it('gets one batch at a time from an input, so that no position covers events that are not stored', async () => {
    writeFileSync(log, content)
    let underWay = 0
    let most = 0
    const inner = new Connection(durable)
    const connection = {
      appends: 0,
      readCompacted: (topic: 'tls.checkpoints') => inner.readCompacted(topic),
      async append(batch: AppendBatch) {
        most = Math.max(most, ++underWay)
        await sleep(2)
        await inner.append(batch)
        underWay--
      },
    }
    const life = start(connection as unknown as Connection, { batchEvents: 3, chunkBytes: 2048 })
    await life.untilRead(log)
    await life.stop()
    expect(most).toBe(1)
    expect(durable.events.map(({ json }) => json)).toEqual(await parsed([log]))
  })

  it('that is away gets the same again until it takes it; that is said once, and once when it is over', async () => {
    writeFileSync(log, content)
    const seen: unknown[] = []
    const connection = new Connection(durable, (append, batch) => {
      seen.push(batch.records.length)
      return append >= 2 && append <= 4 ? new Outage('no route to the store') : 'stored'
    })
    const life = start(connection, { batchEvents: 20, chunkBytes: 4096 })
    await life.untilRead(log)
    await life.stop()
    expect(durable.events.map(({ json }) => json)).toEqual(await parsed([log]))
    expect(new Set(seen.slice(1, 5)).size).toBe(1)
    expect(codes(life)).toEqual(['TLSREP_EVENTS_NOT_STORED'])
    expect(life.logged.filter(({ message }) => message.startsWith('over'))).toHaveLength(1)
    expect(life.collector.inputs[0]?.counters.append_failures).toBe(3)
  })

  it('that fails for another reason ends the collector with it', async () => {
    writeFileSync(log, content)
    const life = start(new Connection(durable, () => new Error('no such topic')))
    await life.ended
    expect(life.error).toEqual(new Error('no such topic'))
  })

  it('that is away when the collector is stopped does not hold up the stop', async () => {
    writeFileSync(log, session(1))
    const connection = new Connection(durable, () => new Outage('away'))
    const life = start(connection)
    await life.until(() => connection.appends > 0)
    await life.stop()
    expect(durable.events).toEqual([])
    expect(durable.checkpoints.size).toBe(0)
  })
})

describe('positions', () => {
  it('are saved of lines that make no event', async () => {
    writeFileSync(log, stamped(1, 'postfix/qmgr[7]: nothing of interest'))
    const life = start(new Connection(durable))
    await life.until(() => durable.checkpoints.size === 1)
    expect(durable.checkpointList()[0]).toMatchObject({
      collector: 'c1',
      input: 'mail',
      source_name: log,
      emitted_to: statSync(log).size,
      inode: String(statSync(log).ino),
      newest_line_at: Date.UTC(2026, 10, 25, 3, 46, 1),
    })
  })

  it.each([
    ['bytes that are no record', (bytes: Uint8Array) => bytes.fill(0x2a)],
    ['a record that is cut off', (bytes: Uint8Array) => bytes.subarray(0, 40)],
    ['nothing', () => Buffer.alloc(0)],
  ])('that are damaged (%s) are said, and the log is read from its beginning', async (_, damage) => {
    writeFileSync(log, content)
    const first = start(new Connection(durable))
    await first.untilRead(log)
    await first.stop()
    const [[key, bytes] = ['', Buffer.alloc(0)]] = [...durable.checkpoints]
    durable.checkpoints.set(key, damage(Buffer.from(bytes)))
    const second = start(new Connection(durable))
    await second.untilRead(log)
    await second.stop()
    expect(codes(second)).toEqual(['TLSREP_CHECKPOINT_UNUSABLE'])
    expect(second.collector.inputs[0]?.counters.checkpoints_unusable).toBe(1)
    expect(durable.events).toHaveLength(2 * (await parsed([log])).length)
    expect(durable.distinct()).toEqual(await parsed([log]))
    expect(durable.checkpointList().map(({ emitted_to }) => emitted_to)).toEqual([content.length])
  })

  it('beyond the end of the file are said, and the log is read from its beginning', async () => {
    writeFileSync(log, content)
    const first = start(new Connection(durable))
    await first.untilRead(log)
    await first.stop()
    const half = content.indexOf(10, content.length / 2) + 1
    writeFileSync(log, content.subarray(0, half))
    const second = start(new Connection(durable))
    await second.untilRead(log)
    await second.stop()
    expect(codes(second)).toEqual(['TLSREP_CHECKPOINT_UNUSABLE'])
    expect(durable.checkpointList().map(({ emitted_to }) => emitted_to)).toEqual([half])
  })

  it('of other inputs and collectors are left alone', async () => {
    writeFileSync(log, session(1))
    durable.checkpoints.set('c1/mail2/x', Buffer.from('garbage'))
    durable.checkpoints.set('c10/mail/x', Buffer.from('garbage'))
    const life = start(new Connection(durable))
    await life.until(() => durable.events.length === 1)
    expect(codes(life)).toEqual([])
    expect(durable.checkpoints.has('c1/mail2/x') && durable.checkpoints.has('c10/mail/x')).toBe(true)
  })

  it('of files that have been gone for a day are forgotten', async () => {
    writeFileSync(log, session(1))
    const first = start(new Connection(durable), { now: () => Date.now() - 90_000_000 })
    await first.until(() => durable.events.length === 1)
    await first.stop()
    rmSync(log)
    writeFileSync(log, session(2))
    const second = start(new Connection(durable))
    await second.until(() => durable.events.length === 2)
    await second.stop()
    expect(durable.checkpoints.size).toBe(1)
  })
})

describe('dead lines', () => {
  const long = `${stamped(4, 'x').trim()}${'y'.repeat(70_000)}`
  const lines = ['no log line of \u00e9lise@example.org 123', stamped(3, 'postfix/smtpd[1]: connect from').trim(), long]

  it('become letters without what they say; their bytes stay here, for their owner alone', async () => {
    writeFileSync(log, `${session(1)}${lines.join('\n')}\n${session(2)}`)
    const life = start(new Connection(durable))
    await life.until(() => durable.events.length === 2 && durable.letters.length > 0)
    const offset = session(1).length
    expect(
      durable.letters.map(({ reason, stage, source_offset, length }) => [reason, stage, source_offset, length]),
    ).toEqual(
      expect.arrayContaining([
        ['no_framing', 'framing', offset, Buffer.byteLength(lines[0] ?? '')],
        ['too_long', 'receiving', offset + Buffer.byteLength(`${lines[0]}\n${lines[1]}\n`), long.length],
      ]),
    )
    expect(durable.letters[0]).toMatchObject({
      collector: 'c1',
      source_name: log,
      shape: 'aa aaa aaaa aa ??aaaa@aaaaaaa.aaa 999',
    })
    const file = join(directory, 'data', 'dead-lines.ndjson')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const [first] = readFileSync(file, 'utf8').split('\n')
    const kept = JSON.parse(first ?? '')
    expect(Buffer.from(kept.text, 'latin1').toString('utf8')).toBe(lines[0])
    expect(kept).toMatchObject({ reason: 'no_framing', source: log, offset })
    expect(life.collector.counters.dead_originals_lost).toBe(0)
  })

  it('that cannot be kept for want of room cost nothing else, and that is said', async () => {
    mkdirSync(join(directory, 'data'))
    symlinkSync('/dev/full', join(directory, 'data', 'dead-lines.ndjson'))
    writeFileSync(log, `${session(1)}${lines.join('\n')}\n${session(2)}`)
    const life = start(new Connection(durable))
    await life.until(() => durable.events.length === 2)
    await life.stop()
    expect(durable.letters.length).toBeGreaterThanOrEqual(2)
    expect(codes(life)).toEqual(['TLSREP_DEAD_LINES_NOT_KEPT'])
    expect(life.logged.find(({ level }) => level === 'warn')?.message).toContain('ENOSPC')
    expect(life.collector.counters.dead_originals_lost).toBe(durable.letters.length)
  })

  it('are not sent again after a restart', async () => {
    writeFileSync(log, `${session(1)}${lines.join('\n')}\n${session(2)}`)
    const first = start(new Connection(durable))
    await first.untilRead(log)
    await first.stop()
    const before = durable.letters.length
    appendFileSync(log, session(3))
    const second = start(new Connection(durable))
    await second.until(() => durable.events.length === 3)
    await second.stop()
    expect(durable.letters).toHaveLength(before)
  })
})

describe('the account', () => {
  it('adds up at every moment, after a restart too', async () => {
    writeFileSync(log, content)
    const connection = new Connection(durable, (append) => (append > 30 ? 'lost' : 'stored'))
    const first = start(connection, { batchEvents: 2, chunkBytes: 1024 })
    let looks = 0
    const look = (life: Life): void => {
      for (const { reconciliation } of life.collector.inputs[0]?.logs() ?? []) {
        expect(check(reconciliation)).toEqual({ lines: true, sessions: true })
        looks++
      }
    }
    while ((await Promise.race([connection.death.then(() => 'dead'), sleep(1).then(() => '')])) !== 'dead') look(first)
    first.abandon()
    const second = start(new Connection(durable), { batchEvents: 2, chunkBytes: 1024 })
    await second.until(() => {
      look(second)
      return second.position(log) === content.length
    })
    expect(looks).toBeGreaterThan(10)
  })

  it('names files as they are called', async () => {
    writeFileSync(log, `nonsense\n${session(1)}`)
    const life = start(new Connection(durable))
    await life.untilRead(log)
    const [status] = life.collector.inputs[0]?.logs() ?? []
    expect(status?.reconciliation.dead_samples.map(({ source }) => source)).toEqual([log])
    expect(status?.position).toEqual({ source_name: log, offset: statSync(log).size })
  })
})

describe('a log that cannot be read', () => {
  it('is said once, tried again, and does not keep others waiting', async () => {
    mkdirSync(log)
    const other = join(directory, 'other.log')
    writeFileSync(other, session(1))
    const life = start(new Connection(durable), {}, [log, other])
    await life.until(() => durable.events.length === 1 && codes(life).length > 0)
    rmdirSync(log)
    writeFileSync(log, session(2))
    await life.until(() => durable.events.length === 2)
    expect(codes(life)).toEqual(['TLSREP_LOG_UNREADABLE'])
  })
})
