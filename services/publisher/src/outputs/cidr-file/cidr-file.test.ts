import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  breathe,
  HOUR,
  KeptLog,
  listingRecord,
  MovedClock,
  overrideRecord,
  START,
  testPublisher,
} from '../../publisher.test-support.ts'
import type { PublishedListing } from '../output.ts'
import { listing, snapshotOf } from '../policy-service/policy-service.test-support.ts'
import { CidrFile, type CidrFileOptions } from './cidr-file.ts'
import { cidrContent } from './cidr-text.ts'

const REJECT = { cap: 'reject', mode: 'reject', flavour: 'smtpd', lookupPage: null } as const
const NONE = { added: [], changed: [], removed: [] }

let directory = ''
let path = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cidr-'))
  path = join(directory, 'tlsrep.cidr')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function fileOutput(clock: MovedClock, logger: KeptLog, more: Partial<CidrFileOptions> = {}): CidrFile {
  return new CidrFile({ ...REJECT, path, logger, now: clock.now, after: clock.after, ...more })
}

async function rules(): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

/** Waits for file operations, which take as long as they take. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await breathe(1)
}

describe('the rules', () => {
  const actions = (listings: readonly PublishedListing[], more: Partial<CidrFileOptions> = {}) =>
    cidrContent(snapshotOf(listings), { ...REJECT, ...more }).rules.map(
      ({ prefix, action }) => `${prefix} ${action.split(' ')[0]}`,
    )

  test('stand the most specific first, with the action of each tier', () => {
    const listings = [
      listing('192.0.2.0/24'),
      listing('192.0.2.1/32', { tier: 'defer' }),
      listing('2001:db8:1:2::/64', { tier: 'tag' }),
      listing('198.51.100.1/32', { tier: 'watch' }),
      listing('example.org'),
    ]
    expect(actions(listings)).toEqual([
      '2001:db8:1:2::/64 PREPEND',
      '192.0.2.1/32 DEFER_IF_PERMIT',
      '192.0.2.0/24 REJECT',
    ])
    expect(actions(listings, { flavour: 'postscreen' })).toEqual(['192.0.2.1/32 dunno', '192.0.2.0/24 reject'])
  })

  test('say DUNNO for a listing without an action only where a wider rule would take it', () => {
    expect(actions([listing('192.0.2.1/32', { tier: 'watch' }), listing('192.0.2.0/24')])).toEqual([
      '192.0.2.1/32 DUNNO',
      '192.0.2.0/24 REJECT',
    ])
    expect(actions([listing('192.0.2.1/32', { tier: 'watch' })])).toEqual([])
  })

  test('in mode observe only warn, and in postscreen, which cannot, are not there', () => {
    expect(actions([listing('192.0.2.1/32')], { mode: 'observe', cap: 'defer' })).toEqual(['192.0.2.1/32 WARN'])
    expect(actions([listing('192.0.2.1/32')], { mode: 'observe', flavour: 'postscreen' })).toEqual([])
  })

  test('go no further than cap and mode', () => {
    expect(actions([listing('192.0.2.1/32')], { cap: 'tag' })).toEqual(['192.0.2.1/32 PREPEND'])
    expect(actions([listing('192.0.2.1/32')], { mode: 'defer' })).toEqual(['192.0.2.1/32 DEFER_IF_PERMIT'])
    expect(actions([listing('192.0.2.1/32')], { cap: 'defer', flavour: 'postscreen' })).toEqual([])
  })
})

describe('the file', () => {
  test('says first what it is and until when it holds, last how many rules it has, and anybody may read it', async () => {
    const clock = new MovedClock()
    await fileOutput(clock, new KeptLog()).publish(snapshotOf([listing('192.0.2.1/32')]), NONE)
    expect((await readFile(path, 'utf8')).split('\n')).toEqual([
      '# tlsrep smtpd access table, written 2026-11-25T12:00:00Z, valid until 2026-11-25T13:00:00Z, sequence 1, 1 rules',
      '192.0.2.1/32\tREJECT 5.7.1 TLS reputation of 192.0.2.1: mail sent without TLS although it was offered; ask the postmaster here about this address',
      '# end, 1 rules',
      '',
    ])
    expect((await stat(path)).mode & 0o444).toBe(0o444)
    expect(await readdir(directory)).toEqual(['tlsrep.cidr'])
  })

  test('leaves out who was allowed, lists who was denied, and loses a listing at its expiry', async () => {
    const clock = new MovedClock()
    const output = fileOutput(clock, new KeptLog())
    const { publisher, listings, overrides } = await testPublisher({ clock, outputs: [output] })
    await listings(
      listingRecord('192.0.2.0/24', { tier: 'reject' }),
      listingRecord('192.0.2.7/32', { tier: 'reject', expires_at: START + HOUR }),
    )
    await overrides(
      overrideRecord('192.0.2.8/32', 'allow'),
      overrideRecord('198.51.100.1/32', 'deny', { tier: 'defer' }),
    )
    const prefixes = async () => {
      await clock.advance(1000)
      return (await rules()).map((line) => line.split(/[\t ]/).slice(0, 2).join(' '))
    }
    await until(async () => (await prefixes()).length === 4)
    expect(await prefixes()).toEqual([
      '192.0.2.7/32 REJECT',
      '198.51.100.1/32 DEFER_IF_PERMIT',
      '192.0.2.8/32 DUNNO',
      '192.0.2.0/24 REJECT',
    ])
    await clock.advance(HOUR - 60_000)
    expect(await prefixes()).toHaveLength(4)
    await clock.advance(60_000)
    await until(async () => !(await prefixes()).some((line) => line.startsWith('192.0.2.7/32')))
    await publisher.close()
  })

  test('is written at once after a quiet time, and then not more often than the interval', async () => {
    const clock = new MovedClock()
    const output = fileOutput(clock, new KeptLog(), { minInterval: 5000 })
    await output.publish(snapshotOf([listing('192.0.2.1/32')]), NONE)
    expect(output.counters.writes).toBe(1)
    const second = output.publish(snapshotOf([listing('192.0.2.2/32')]), NONE)
    await clock.advance(4999)
    expect(output.counters.writes).toBe(1)
    await clock.advance(1)
    await second
    expect((await rules())[0]).toContain('192.0.2.2/32')
    await output.close()
  })

  test('is written anew within its validity although nothing changed', async () => {
    const clock = new MovedClock()
    const output = fileOutput(clock, new KeptLog())
    await output.publish(snapshotOf([]), NONE)
    await clock.advance(HOUR / 2)
    await until(() => output.counters.writes === 2)
    expect(await readFile(path, 'utf8')).toContain('valid until 2026-11-25T13:30:00Z')
    await output.close()
  })

  test('stays as it was when it cannot be written, which is said once and tried again', async () => {
    const clock = new MovedClock()
    const logger = new KeptLog()
    const output = fileOutput(clock, logger)
    await output.publish(snapshotOf([listing('192.0.2.1/32')]), NONE)
    // As for a directory that we may not write to; tests run as root, whom permissions do not stop.
    await mkdir(`${path}.new`)
    await clock.advance(10_000)
    await output.publish(snapshotOf([listing('192.0.2.2/32')]), NONE)
    expect((await rules())[0]).toContain('192.0.2.1/32')
    await clock.advance(1000)
    await until(() => output.counters.write_failures === 2)
    expect(logger.lines).toMatchObject([{ level: 'error', facts: { code: 'TLSREP_MAP_FILE_UNWRITABLE', where: path } }])
    await rm(`${path}.new`, { recursive: true })
    await clock.advance(2000)
    await until(() => output.counters.writes === 2)
    expect((await rules())[0]).toContain('192.0.2.2/32')
    expect(logger.lines.at(-1)?.level).toBe('info')
    await output.close()
  })

  test('that lies on a full disk stays as it was', async () => {
    const clock = new MovedClock()
    const logger = new KeptLog()
    await writeFile(path, '192.0.2.9/32 REJECT\n')
    // The new file is a link to the device that is always full.
    const output = fileOutput(clock, logger)
    await symlink('/dev/full', `${path}.new`)
    await output.publish(snapshotOf([listing('192.0.2.2/32')]), NONE)
    expect(await rules()).toEqual(['192.0.2.9/32 REJECT'])
    expect(logger.lines[0]?.message).toContain('ENOSPC')
    await output.close()
  })

  test('is never seen half-written', async () => {
    const clock = new MovedClock()
    const output = fileOutput(clock, new KeptLog(), { minInterval: 0 })
    const many = Array.from({ length: 5000 }, (_, i) => listing(`10.0.${i >> 8}.${i & 255}/32`))
    await output.publish(snapshotOf([]), NONE)
    let done = false
    const writing = output.publish(snapshotOf(many), NONE).then(() => {
      done = true
    })
    const seen = new Set<string>()
    while (!done) seen.add((await readFile(path, 'utf8')).split('\n').at(-2) ?? '')
    await writing
    seen.add((await readFile(path, 'utf8')).split('\n').at(-2) ?? '')
    expect([...seen].sort()).toEqual(['# end, 0 rules', '# end, 5000 rules'])
    await output.close()
  })

  test('a close settles a publication that waits for its turn', async () => {
    const output = fileOutput(new MovedClock(), new KeptLog(), { minInterval: 5000 })
    await output.publish(snapshotOf([]), NONE)
    const waiting = output.publish(snapshotOf([listing('192.0.2.2/32')]), NONE)
    await output.close()
    await waiting
    expect(await rules()).toEqual([])
  })
})
