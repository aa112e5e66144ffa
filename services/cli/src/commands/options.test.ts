import { describe, expect, it } from 'vitest'
import { orderComplaint } from './file-order.ts'
import { addZone } from './zones.ts'

describe('addZone', () => {
  it('takes one zone for all hosts and others for hosts by name', () => {
    const zones = addZone('mx2=America/New_York', addZone('mx1=UTC', addZone('Europe/Berlin')))
    expect(zones.everywhere).toBe('Europe/Berlin')
    expect([...zones.byHost]).toEqual([
      ['mx1', 'UTC'],
      ['mx2', 'America/New_York'],
    ])
  })

  it.each([
    ['Europe/Berln', 'Europe/Berlin'],
    ['Berlin', 'Europe/Berlin'],
    ['mx1=New_York', 'America/New_York'],
    ['nonsense', 'IANA name'],
  ])('says for %s what to write instead', (value, advice) => {
    expect(() => addZone(value)).toThrow(advice)
  })

  it('refuses a second zone for all hosts, and says how to give one for some', () => {
    expect(() => addZone('UTC', addZone('Europe/Berlin'))).toThrow('--tz mx1=UTC')
    expect(() => addZone('=UTC')).toThrow('before the equals sign')
  })
})

describe('orderComplaint', () => {
  const span = (name: string, firstTime: number, lastTime: number) => ({ name, lines: 1, firstTime, lastTime })

  it('complains when an older file comes after a newer one', () => {
    expect(orderComplaint([span('mail.log', 500, 900), span('mail.log.1', 100, 400)])).toContain('mail.log.1 is older')
  })

  it('is content with rotated files from the oldest on, and with files that have no times', () => {
    const empty = span('empty', Number.NaN, Number.NaN)
    expect(orderComplaint([span('mail.log.1', 100, 400), empty, span('mail.log', 400, 900)])).toBeUndefined()
  })
})
