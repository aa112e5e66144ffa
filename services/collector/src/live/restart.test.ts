import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { Connection, Durable, type Fate, Life, parsed, withoutPlace } from './test-support.ts'

const CORPUS = new URL('../../../../test/corpus/', import.meta.url)
/** One of each kind: smtpd, postscreen, outbound, restarts and lost lines in between, stamps of a millisecond. */
const SETS = [
  'postfix-3.7-loglevel1',
  'postfix-3.7-postscreen',
  'postfix-3.11-outbound',
  'postfix-3.7-disturbed',
  'postfix-3.10-rsyslog',
]

const root = mkdtempSync(join(tmpdir(), 'tlsrep-restart-'))
afterAll(() => rmSync(root, { recursive: true }))

/** What is stored of the append in which a collector dies. */
const DEATHS: readonly Fate[] = ['lost', 'stored and lost', 'events stored and lost']

function newLog(content: Uint8Array): string {
  const log = join(mkdtempSync(join(root, 'log-')), 'mail.log')
  writeFileSync(log, content)
  return log
}

function corpusLog(set: string): Buffer {
  return readFileSync(new URL(`${set}/mail.log`, CORPUS))
}

/**
 * Runs collectors one after the other, each of which dies in an append, until one comes to the end of the log. A death before which
 * nothing got stored would come again for ever, so the append that is lost is the second.
 */
async function collectWithDeaths(log: string, durable: Durable, chunkBytes: number): Promise<number> {
  for (let deaths = 0; ; deaths++) {
    const fate = (append: number): Fate => (append === 2 ? (DEATHS[deaths % DEATHS.length] ?? 'lost') : 'stored')
    const connection = new Connection(durable, fate)
    const life = new Life(connection, [log], { batchEvents: 1, batchMs: 0, chunkBytes })
    const read = life.untilRead(log).then(() => 'read')
    const end = await Promise.race([connection.death.then(() => 'dead'), read])
    if (end === 'read') {
      await Promise.race([connection.death, life.stop()])
      if (life.error === null && connection.appends < 2) return deaths
    }
    life.abandon()
    read.catch(() => {})
  }
}

describe('a collector that dies at every batch', () => {
  it.each(SETS)('emits of %s the events that a whole reading gives, each once by its id', async (set) => {
    const log = newLog(corpusLog(set))
    const durable = new Durable()
    const deaths = await collectWithDeaths(log, durable, 4096)
    expect(deaths).toBeGreaterThan(10)
    const expected = await parsed([log])
    expect(expected.length).toBeGreaterThan(50)
    expect(durable.distinct().toSorted()).toEqual(expected.toSorted())
  })

  it('and whose log is rotated and compressed meanwhile, emits them too', async () => {
    const parts = inParts(corpusLog('postfix-3.7-postscreen'), 4)
    const whole = newLog(Buffer.concat(parts))
    const log = newLog(Buffer.alloc(0))
    const durable = new Durable()
    for (const [index, part] of parts.entries()) {
      writeFileSync(log, part)
      await collectWithDeaths(log, durable, 8192)
      if (index === 0) renameSync(log, `${log}.3`)
      else if (index === 1) compress(log, `${log}.2.gz`)
      else if (index === 2) copyFileSync(log, `${log}.1`)
    }
    expect(withoutPlaces(durable.distinct())).toEqual(withoutPlaces(await parsed([whole])))
    // Of files that are done with, nothing is read again.
    const undone = durable.checkpointList().filter(({ resume_from, emitted_to }) => resume_from < emitted_to)
    expect(undone.map(({ source_name }) => source_name)).toContain(log)
    expect(undone.length).toBeLessThanOrEqual(2)
  })

  it('in the middle of files that were rotated before it started, emits them too', async () => {
    const parts = inParts(corpusLog('postfix-3.7-loglevel1'), 3)
    const [oldest = '', middle = '', newest = ''] = parts
    const whole = newLog(Buffer.concat(parts))
    const log = newLog(newest as Buffer)
    writeFileSync(`${log}.2.gz`, gzipSync(oldest))
    writeFileSync(`${log}.1`, middle)
    const durable = new Durable()
    await collectWithDeaths(log, durable, 8192)
    expect(withoutPlaces(durable.distinct())).toEqual(withoutPlaces(await parsed([whole])))
  })
})

describe('a collector that was stopped', () => {
  it('goes on where it was, and sends nothing twice', async () => {
    const content = corpusLog('postfix-3.7-loglevel1')
    const log = newLog(content.subarray(0, content.indexOf(10, content.length / 2) + 1))
    const durable = new Durable()
    await collectAll(log, durable)
    const before = durable.events.length
    expect(before).toBeGreaterThan(0)
    writeFileSync(log, content)
    await collectAll(log, durable)
    expect(durable.events.map(({ json }) => json)).toEqual(await parsed([log]))
    await collectAll(log, durable)
    expect(durable.events.length).toBeGreaterThan(before)
    expect(new Set(durable.events.map(({ id }) => id)).size).toBe(durable.events.length)
  })

  it('keeps what it has learned of listeners when the file it learned that from is gone', async () => {
    const parts = inParts(corpusLog('postfix-3.7-loglevel1'), 2)
    const log = newLog(parts[0] ?? Buffer.alloc(0))
    const durable = new Durable()
    await collectAll(log, durable)
    unlinkSync(log)
    const [before] = durable.checkpointList()
    expect(before?.listeners.length).toBeGreaterThan(0)
    writeFileSync(log, 'Nov 25 12:00:00 mx1 postfix/smtpd[99999]: connect from unknown[192.0.2.1]\n')
    const life = await collectAll(log, durable)
    const after = durable.checkpointList().find(({ emitted_to }) => emitted_to < 100)
    expect(after?.listeners).toEqual(before?.listeners)
    expect(life.logged.map(({ facts }) => facts.code)).toContain('TLSREP_CHECKPOINT_UNUSABLE')
  })
})

async function collectAll(log: string, durable: Durable): Promise<Life> {
  const life = new Life(new Connection(durable), [log])
  await life.untilRead(log)
  await life.stop()
  return life
}

/** Cuts at ends of lines. */
function inParts(content: Buffer, count: number): Buffer[] {
  const parts: Buffer[] = []
  for (let part = 0, start = 0; part < count; part++) {
    const end =
      part === count - 1 ? content.length : content.indexOf(10, Math.floor(((part + 1) * content.length) / count)) + 1
    parts.push(content.subarray(start, end))
    start = end
  }
  return parts
}

function compress(from: string, to: string): void {
  writeFileSync(to, gzipSync(readFileSync(from)))
  unlinkSync(from)
}

/** Events by what they say. */
function withoutPlaces(events: readonly string[]): string[] {
  return events.map(withoutPlace).toSorted()
}
