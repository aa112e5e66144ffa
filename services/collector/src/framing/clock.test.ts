import { describe, expect, it } from 'vitest'
import { type ClockOptions, createClock } from './clock.ts'
import { createFramer } from './frame-line.ts'
import { timeOf, timesOf } from './test-support.ts'

const NEW_YEAR_2026 = Date.UTC(2026, 0, 1, 12)

function stamped(stamps: readonly string[], host = 'mx'): string[] {
  return stamps.map((stamp) => `${stamp} ${host} p[1]: m`)
}

function years(options: Partial<ClockOptions>, stamps: readonly string[]): number[] {
  const times = timesOf({ notAfter: NEW_YEAR_2026, zone: 'UTC', ...options }, stamped(stamps))
  return times.map((time) => Number(time.slice(0, 4)))
}

describe('the year of a stamp without one', () => {
  it('is the newest that is not more than a day after the source was written', () => {
    const stamps = ['Dec 31 23:59:59', 'Jan  1 00:00:01', 'Dec 31 23:59:59', 'Jan  2 12:00:00', 'Jan  2 12:00:01']
    expect(years({}, stamps)).toEqual([2025, 2026, 2025, 2026, 2025])
    expect(years({}, ['Jan  2 12:00:01', 'Jan  2 12:00:00', 'Jan  3 00:00:00'])).toEqual([2025, 2026, 2025])
  })

  it('is judged in the zone of the host', () => {
    const stamps = ['Jan  2 12:59:59', 'Jan  2 13:00:00', 'Jan  2 13:00:01']
    expect(years({ zone: 'Europe/Berlin' }, stamps)).toEqual([2026, 2026, 2025])
  })

  it('may be the next one when the source was written on New Year’s Eve', () => {
    const notAfter = Date.UTC(2025, 11, 31, 23, 30)
    expect(years({ notAfter }, ['Dec 31 23:30:00', 'Jan  1 00:10:00', 'Jan  2 00:00:00'])).toEqual([2025, 2026, 2025])
    const east = timesOf({ notAfter, zone: 'Pacific/Kiritimati' }, stamped(['Jan  1 13:30:00']))
    expect(east).toEqual(['2025-12-31T23:30:00.000Z'])
  })

  it('has the day, on 29 February', () => {
    expect(years({}, ['Feb 28 10:00:00', 'Feb 29 10:00:00', 'Mar  1 10:00:00'])).toEqual([2025, 2024, 2025])
    expect(years({ notAfter: Date.UTC(2024, 1, 28, 10) }, ['Feb 29 10:00:00', 'Feb 29 10:00:01'])).toEqual([2024, 2020])
    expect(years({ notAfter: Date.UTC(2103, 5, 1) }, ['Feb 29 10:00:00'])).toEqual([2096])
    expect(years({ year: 2025 }, ['Feb 28 10:00:00', 'Feb 29 10:00:00', 'Mar  1 10:00:00'])).toEqual([2025, 2024, 2025])
    expect(years({ year: 2024 }, ['Feb 29 10:00:00'])).toEqual([2024])
  })

  it('belongs to the first stamp and steps on at New Year, when it was given', () => {
    const stamps = ['Dec 31 23:59:59', 'Jan  1 00:00:01', 'Dec 31 23:59:59', 'Jan  1 00:00:02', 'Jun  1 00:00:00']
    expect(years({ year: 2019 }, stamps)).toEqual([2019, 2020, 2019, 2020, 2020])
    expect(years({ year: 2019 }, ['Jan  1 00:00:00', 'Dec 31 23:59:59', 'Jan  1 00:00:00'])).toEqual([2019, 2018, 2019])
    expect(years({ year: 2019 }, ['Nov 30 00:00:00', 'Jan 20 00:00:00', 'Sep  1 00:00:00'])).toEqual([2019, 2020, 2020])
  })

  it('goes through several years, when it was given', () => {
    const months = ['Jan', 'Apr', 'Aug', 'Dec']
    const stamps = [0, 1, 2].flatMap(() => months.map((month) => `${month}  3 10:00:00`))
    expect(years({ year: 2019 }, stamps)).toEqual([2019, 2020, 2021].flatMap((year) => months.map(() => year)))
  })

  it('does not run away when hosts disagree about the month', () => {
    const turns = ['Nov 10 10:00:00', 'Jan  1 00:00:09', 'Nov 10 10:00:01', 'Jan  1 00:00:10', 'Dec  1 00:00:00']
    expect(years({ year: 2019 }, [...turns, ...turns]).slice(5)).toEqual([2019, 2020, 2019, 2020, 2019])
  })

  it('begins anew with each source', () => {
    const framer = createFramer({ year: 2019, notAfter: 0, zone: 'UTC' })
    expect(timeOf(framer, 'Dec 31 23:59:59 h p: m')).toMatch(/^2019/)
    expect(timeOf(framer, 'Jan  1 23:59:59 h p: m')).toMatch(/^2020/)
    framer.startSource({ year: 2019, notAfter: 0 })
    expect(timeOf(framer, 'Jan  1 23:59:59 h p: m')).toMatch(/^2019/)
    framer.startSource({ notAfter: NEW_YEAR_2026 })
    expect(timeOf(framer, 'Jan  1 23:59:59 h p: m')).toMatch(/^2026/)
  })

  it('follows the receipt of a live source', () => {
    const framer = createFramer({ notAfter: Date.UTC(2025, 5, 1), zone: 'UTC' })
    expect(timeOf(framer, 'Dec 31 23:59:59 h p: m')).toMatch(/^2024/)
    framer.receivedAt(Date.UTC(2026, 0, 1))
    expect(timeOf(framer, 'Dec 31 23:59:59 h p: m')).toMatch(/^2025/)
    expect(timeOf(framer, 'Jan  1 00:00:00 h p: m')).toMatch(/^2026/)
  })
})

describe('the zone of a host', () => {
  it('is the default one, or its own', () => {
    const hostZones = new Map([
      ['tokyo.example', 'Asia/Tokyo'],
      ['ktm', 'Asia/Kathmandu'],
      ['chatham', 'Pacific/Chatham'],
      ['adelaide', 'Australia/Adelaide'],
    ])
    const framer = createFramer({ notAfter: Date.UTC(2026, 6, 15), zone: 'Europe/Berlin', hostZones })
    const times = ['mx', 'Tokyo.Example', 'ktm', 'chatham', 'adelaide'].map((host) =>
      timeOf(framer, `Jul  1 12:00:00 ${host} p[1]: m`).slice(11, 16),
    )
    expect(times).toEqual(['10:00', '03:00', '06:15', '23:15', '02:30'])
  })

  it('is named when it does not exist', () => {
    expect(() => createClock({ notAfter: 0, zone: 'Europe/Berlyn' })).toThrow("'Europe/Berlyn'")
    const hostZones = new Map([['mx', 'Mars/Olympus']])
    expect(() => createClock({ notAfter: 0, zone: 'UTC', hostZones })).toThrow("'Mars/Olympus'")
  })

  it('does not matter to a stamp with an offset', () => {
    const [time] = timesOf({ notAfter: 0, zone: 'Asia/Tokyo' }, ['2026-07-01T12:00:00+02:00 mx p[1]: m'])
    expect(time).toBe('2026-07-01T10:00:00.000Z')
  })
})

describe('a local time that the clocks jumped over', () => {
  it.each([
    [
      'Europe/Berlin',
      ['Mar 29 01:59:59', 'Mar 29 02:00:00', 'Mar 29 02:30:00', 'Mar 29 03:00:00'],
      ['00:59:59', '01:00:00', '01:30:00', '01:00:00'],
    ],
    [
      'America/New_York',
      ['Mar  8 01:59:59', 'Mar  8 02:30:00', 'Mar  8 03:00:00'],
      ['06:59:59', '07:30:00', '07:00:00'],
    ],
    [
      'Australia/Lord_Howe',
      ['Oct  4 01:59:59', 'Oct  4 02:15:00', 'Oct  4 02:30:00'],
      ['15:29:59', '15:45:00', '15:30:00'],
    ],
  ])('is read at the offset before the jump in %s', (zone, stamps, expected) => {
    const times = timesOf({ year: 2026, notAfter: 0, zone }, stamped(stamps))
    expect(times.map((time) => time.slice(11, 19))).toEqual(expected)
  })
})

describe('a local time that the clocks showed twice', () => {
  const berlin = { year: 2026, notAfter: 0, zone: 'Europe/Berlin' }
  const hours = (options: ClockOptions, lines: readonly string[]) =>
    timesOf(options, lines).map((time) => time.slice(11, 19))

  it.each([
    [
      'Europe/Berlin',
      [
        'Oct 25 01:59:59',
        'Oct 25 02:00:00',
        'Oct 25 02:59:59',
        'Oct 25 02:00:00',
        'Oct 25 02:59:59',
        'Oct 25 03:00:00',
      ],
      ['23:59:59', '00:00:00', '00:59:59', '01:00:00', '01:59:59', '02:00:00'],
    ],
    [
      'America/New_York',
      ['Nov  1 00:59:59', 'Nov  1 01:00:00', 'Nov  1 01:59:59', 'Nov  1 01:00:00', 'Nov  1 02:00:00'],
      ['04:59:59', '05:00:00', '05:59:59', '06:00:00', '07:00:00'],
    ],
    [
      'Australia/Lord_Howe',
      [
        'Apr  5 01:29:59',
        'Apr  5 01:30:00',
        'Apr  5 01:59:59',
        'Apr  5 01:30:00',
        'Apr  5 01:59:59',
        'Apr  5 02:00:00',
      ],
      ['14:29:59', '14:30:00', '14:59:59', '15:00:00', '15:29:59', '15:30:00'],
    ],
  ])('is of the second pass once the clock stepped back in %s', (zone, stamps, expected) => {
    expect(hours({ year: 2026, notAfter: 0, zone }, stamped(stamps))).toEqual(expected)
  })

  it('is of the first pass for the first line', () => {
    expect(hours(berlin, stamped(['Oct 25 02:30:00']))).toEqual(['00:30:00'])
  })

  it('is told for each host', () => {
    const lines = [
      'Oct 25 02:50:00 a p: m',
      'Oct 25 02:40:00 b p: m',
      'Oct 25 02:10:00 a p: m',
      'Oct 25 02:45:00 b p: m',
      'Oct 25 02:45:00 a p: m',
      'Oct 25 02:10:00 b p: m',
    ]
    expect(hours(berlin, lines)).toEqual(['00:50:00', '00:40:00', '01:10:00', '00:45:00', '01:45:00', '01:10:00'])
  })

  it('is not told from a line that is a little late', () => {
    const stamps = ['Oct 25 02:30:01', 'Oct 25 02:30:00', 'Oct 25 02:30:02', 'Oct 25 02:10:00', 'Oct 25 02:09:59']
    expect(hours(berlin, stamped(stamps))).toEqual(['00:30:01', '00:30:00', '00:30:02', '01:10:00', '01:09:59'])
  })

  it('is of the second pass for a late line after it', () => {
    expect(hours(berlin, stamped(['Oct 25 03:00:00', 'Oct 25 02:59:59']))).toEqual(['02:00:00', '01:59:59'])
  })

  it('is remembered over the end of a source, but not from a newer source to an older one', () => {
    const framer = createFramer(berlin)
    expect(timeOf(framer, 'Oct 25 02:50:00 a p: m')).toBe('2026-10-25T00:50:00.000Z')
    framer.startSource({ year: 2026, notAfter: 0 })
    expect(timeOf(framer, 'Oct 25 02:10:00 a p: m')).toBe('2026-10-25T01:10:00.000Z')
    expect(timeOf(framer, 'Nov  5 02:10:00 a p: m')).toBe('2026-11-05T01:10:00.000Z')
    framer.startSource({ year: 2026, notAfter: 0 })
    expect(timeOf(framer, 'Oct 25 02:10:00 a p: m')).toBe('2026-10-25T00:10:00.000Z')
  })

  it('is told in the other shapes of a local stamp too', () => {
    const lines = [
      'Oct 25 02:30:00 a p: m',
      '2026-10-25T02:50:00 a p: m',
      'Oct 25 02:30:00 a p: m',
      'Oct 25 2026 02:40:00 a p: m',
    ]
    expect(hours(berlin, lines)).toEqual(['00:30:00', '00:50:00', '01:30:00', '01:40:00'])
  })
})

describe('a clock that steps back', () => {
  it('is passed on as it is', () => {
    const stamps = ['Jul  1 12:00:00', 'Jul  1 11:00:00', 'Jul  1 11:00:01', 'Jun 30 10:00:00', 'Jul  1 12:00:00']
    expect(timesOf({ year: 2026, notAfter: 0, zone: 'Europe/Berlin' }, stamped(stamps))).toEqual([
      '2026-07-01T10:00:00.000Z',
      '2026-07-01T09:00:00.000Z',
      '2026-07-01T09:00:01.000Z',
      '2026-06-30T08:00:00.000Z',
      '2026-07-01T10:00:00.000Z',
    ])
  })

  it('has no memory of hosts beyond the bound', () => {
    const clock = createClock({ year: 2026, notAfter: 0, zone: 'Europe/Berlin' })
    const at = (host: string, minute: number) => clock.yearless(host, 10, 25, (2 * 60 + minute) * 60_000)
    for (let host = 0; host < 5000; host++) at(`h${host}`, 50)
    expect(new Date(at('h4999', 10)).toISOString()).toBe('2026-10-25T01:10:00.000Z')
    expect(new Date(at('h0', 10)).toISOString()).toBe('2026-10-25T01:10:00.000Z')
    expect(new Date(at('h4500', 10)).toISOString()).toBe('2026-10-25T00:10:00.000Z')
  })
})
