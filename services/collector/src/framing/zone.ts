import { DAY_MS } from './calendar.ts'

/**
 * What a zone's clocks did around one local day: they ran at `before` until the instant `at`, then at `after`. Offsets are
 * milliseconds east of UTC; on all but a few days of a year both are the same.
 */
export interface ZoneDay {
  readonly before: number
  readonly after: number
  readonly at: number
}

/** An IANA time zone whose rules are asked for once a day of log, not once a line. */
export interface Zone {
  readonly name: string
  /** Rules for the local day that begins at `day` (milliseconds on a calendar without zones). */
  around(day: number): ZoneDay
}

/** Days kept per zone, about 90 years: more can only come from stamps that are made up. */
const MAX_DAYS = 32_768

/** @throws an Error that names the zone when the platform's database does not have it. */
export function createZone(name: string): Zone {
  const offsetAt = offsets(name)
  const days = new Map<number, ZoneDay>()
  const steady = new Map<number, ZoneDay>()
  let lastDay = Number.NaN
  let last: ZoneDay = { before: 0, after: 0, at: 0 }

  function steadyDay(offset: number): ZoneDay {
    const known = steady.get(offset)
    if (known !== undefined) return known
    const made = { before: offset, after: offset, at: 0 }
    steady.set(offset, made)
    return made
  }

  // Local times of a day lie within a day of it in UTC, whatever the zone. Three days hold at most one change: the closest two
  // changes in the tz database since 1990 are weeks apart.
  function findDay(day: number): ZoneDay {
    const before = offsetAt(day - DAY_MS)
    if (before === offsetAt(day + 2 * DAY_MS)) return steadyDay(before)
    const at = firstChange(offsetAt, day - DAY_MS, day + 2 * DAY_MS)
    return { before, after: offsetAt(at), at }
  }

  function keep(day: number): ZoneDay {
    const made = findDay(day)
    if (days.size >= MAX_DAYS) days.clear()
    days.set(day, made)
    return made
  }

  return {
    name,
    around(day) {
      if (day !== lastDay) {
        last = days.get(day) ?? keep(day)
        lastDay = day
      }
      return last
    },
  }
}

/** The first second after `from` whose offset is not that of `from`; one such must come until `to`. */
function firstChange(offsetAt: (time: number) => number, from: number, to: number): number {
  const before = offsetAt(from)
  let same = from
  let changed = to
  while (changed - same > 1000) {
    const middle = same + Math.floor((changed - same) / 2000) * 1000
    if (offsetAt(middle) === before) same = middle
    else changed = middle
  }
  return changed
}

/** The zone's offset from UTC at an instant, by asking Intl what its wall clock shows then. */
function offsets(zone: string): (time: number) => number {
  const format = wallClock(zone)
  return (time) => {
    const parts = new Map(format.formatToParts(time).map((part) => [part.type, Number(part.value)]))
    const field = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    const day = Date.UTC(field('year'), field('month') - 1, field('day'))
    return day + ((field('hour') * 60 + field('minute')) * 60 + field('second')) * 1000 - time
  }
}

function wallClock(zone: string): Intl.DateTimeFormat {
  const numeric = 'numeric'
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    })
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new Error(`unknown time zone '${zone}': write an IANA name such as Europe/Berlin or UTC`, { cause })
  }
}
