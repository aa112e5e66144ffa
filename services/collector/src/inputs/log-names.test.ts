import { describe, expect, it } from 'vitest'
import { belongsTo, inTimeOrder, logOfMatch, logOfPath, type Rotation, rotationOf } from './log-names.ts'

describe('rotationOf', () => {
  it.each<[string, string, Rotation | null]>([
    ['mail.log', 'mail.log', { kind: 'base' }],
    ['mail.log', 'mail.log.1', { kind: 'number', value: 1 }],
    ['mail.log', 'mail.log.12.gz', { kind: 'number', value: 12 }],
    ['maillog', 'maillog.0.zst', { kind: 'number', value: 0 }],
    ['mail.log', 'mail.log.gz', { kind: 'number', value: 0 }],
    ['mail.log', 'mail.log-20261125', { kind: 'date', value: '20261125' }],
    ['mail.log', 'mail.log-20261125.gz', { kind: 'date', value: '20261125' }],
    ['mail.log', 'mail.log.2026-11-25', { kind: 'date', value: '20261125' }],
    ['mail.log', 'mail.log-20261125-1764043200', { kind: 'date', value: '202611251764043200' }],
    ['mail.log', 'mail.log-1764043200', { kind: 'date', value: '20251125040000000' }],
    ['mail.log', 'mail-20261125.log', { kind: 'date', value: '20261125' }],
    ['mail.log', 'mail-20261125.log.gz', { kind: 'date', value: '20261125' }],
    ['mail.log', 'mail.err', null],
    ['mail.log', 'mail.log.swp', null],
    ['mail.log', 'mail.log.old', null],
    ['mail.log', 'mail-relay.log', null],
    ['mail.log', 'mail.1.log', { kind: 'number', value: 1 }],
    ['mail.log', 'mail.2.log.gz', { kind: 'number', value: 2 }],
    ['mail.log', 'mail.x.log', null],
    ['mail.log', 'mail.log.123456', null],
    ['mail', 'mail.log', null],
  ])('of %s, %s is %j', (base, name, expected) => {
    expect(rotationOf(base, name)).toEqual(expected)
  })
})

describe('logOfMatch', () => {
  it.each([
    ['/var/log/mail.log', 'mail.log'],
    ['/var/log/mail.log.3.gz', 'mail.log'],
    ['/var/log/mail.log-20261125.zst', 'mail.log'],
    ['/var/log/mail-20261125.log', 'mail.log'],
    ['/var/log/remote/192.0.2.25', '192.0.2.25'],
    ['/var/log/remote/192.0.2.25.gz', '192.0.2.25'],
    ['/var/log/remote/mx1.example.org', 'mx1.example.org'],
  ])('%s belongs to %s', (path, base) => {
    expect(logOfMatch(path).base).toBe(base)
  })

  it('puts every file of a log into the same log', () => {
    for (const name of ['mail.log', 'mail.log.1', 'mail.log.2.gz', 'mail-20261125.log', 'mail.log-20261125']) {
      const place = logOfMatch(`/var/log/${name}`)
      expect(rotationOf(place.base, name)).not.toBeNull()
    }
  })
})

describe('belongsTo', () => {
  it('asks for the directory too', () => {
    const place = logOfPath('/var/log/mail.log')
    expect(belongsTo(place, '/var/log/mail.log.1')).toBe(true)
    expect(belongsTo(place, '/srv/log/mail.log.1')).toBe(false)
    expect(belongsTo(logOfPath('mail.log'), 'mail.log')).toBe(true)
  })
})

describe('inTimeOrder', () => {
  const file = (name: string, modifiedAt = 0) => ({
    name,
    modifiedAt,
    rotation: rotationOf('l', name) ?? { kind: 'base' as const },
  })
  const ordered = (files: ReturnType<typeof file>[]) => inTimeOrder(files).map(({ name }) => name)

  it('is that of the numbers, the highest first', () => {
    expect(ordered([file('l'), file('l.10.gz', 9), file('l.9', 1), file('l.1', 5)])).toEqual([
      'l.10.gz',
      'l.9',
      'l.1',
      'l',
    ])
  })

  it('is that of the dates', () => {
    expect(ordered([file('l-20261125'), file('l'), file('l-20261124.gz', 9)])).toEqual([
      'l-20261124.gz',
      'l-20261125',
      'l',
    ])
  })

  it('is that of the changes where numbers and dates are mixed', () => {
    expect(ordered([file('l', 0), file('l-20261125', 3), file('l.1', 2), file('l.2', 4)])).toEqual([
      'l.1',
      'l-20261125',
      'l.2',
      'l',
    ])
  })
})
