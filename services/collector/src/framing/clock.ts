import { DAY_MS, dayStart, isDayOfSomeYear, isLeapYear } from './calendar.ts'
import { createZone, type Zone } from './zone.ts'

/** What is known of a source's stamps beside the stamps. */
export interface SourceTime {
  /** Year of the source's first stamp, for stamps without one. Absent: the newest year that `notAfter` allows. */
  year?: number | undefined
  /** Milliseconds since 1970 at which the source was last written: a file's modification time; live, the time of receipt. */
  notAfter: number
}

export interface ClockOptions extends SourceTime {
  /** IANA zone of hosts that have none of their own. */
  zone: string
  /** IANA zone by host name as logged, upper and lower case alike. */
  hostZones?: ReadonlyMap<string, string> | undefined
}

/**
 * Turns stamps without a zone, or without a year, into instants. A function of the options and of the stamps in their order: it
 * never asks what time it is. What a host's clock showed is passed on as it is, so times may go backwards.
 */
export interface Clock {
  /** Never negative; steps on with every answer and every new source: while it stands still, the last answer for the last stamp and host holds. */
  readonly revision: number
  /** The instant at which the host's clock showed `local` (milliseconds on a calendar without zones). */
  local(host: string, local: number): number
  /** The same for a stamp without a year: month from 1, milliseconds since midnight. NaN when no year has that day. */
  yearless(host: string, month: number, day: number, millis: number): number
  /** Begins a source: its year starts anew. What is known of each host's clock stays. */
  startSource(source: SourceTime): void
  /** Moves `notAfter` of a live source on, to the receipt of the lines that come next. */
  receivedAt(notAfter: number): void
}

/** Hosts whose clocks are remembered; those after them get the first pass of an ambiguous hour. */
const MAX_HOSTS = 4096

/**
 * Processes of one busy host write their lines a little out of order. A step back within this is no sign that the clocks were set
 * back; a host silent for so nearly a whole hour is not told from it.
 */
const STRAGGLER_MS = 5000

/** A stamp may be this much after `notAfter`: clocks differ, and a zone may be configured wrongly. */
const LATE_MS = DAY_MS

interface HostClock {
  readonly zone: Zone
  last: number
}

/** @throws an Error that names the zone when one of the zones does not exist. */
export function createClock(options: ClockOptions): Clock {
  const hostClock = hostClocks(options)
  let years = createYears(options)
  let limit = options.notAfter + LATE_MS
  let year = options.year
  let lastKey = -1
  let lastDay = 0
  let lastOlder = 0

  function learnDay(month: number, day: number): void {
    const newest = years.newest(month, day)
    lastDay = dayStart(newest, month, day)
    lastOlder = year === undefined ? dayStart(withDay(newest - 1, month, day), month, day) : lastDay
    lastKey = month * 32 + day
  }

  function changed(): void {
    clock.revision = (clock.revision + 1) & 0x3fff_ffff
  }

  // A field and no getter: it is looked at for every line.
  const clock: Clock & { revision: number } = {
    revision: 0,
    local(host, local) {
      const shown = hostClock(host)
      shown.last = toInstant(shown, Math.floor(local / DAY_MS) * DAY_MS, local)
      changed()
      return shown.last
    },
    yearless(host, month, day, millis) {
      if (!isDayOfSomeYear(month, day)) return Number.NaN
      if (month * 32 + day !== lastKey) learnDay(month, day)
      const shown = hostClock(host)
      let time = toInstant(shown, lastDay, lastDay + millis)
      if (year === undefined && time > limit) time = toInstant(shown, lastOlder, lastOlder + millis)
      shown.last = time
      changed()
      return time
    },
    startSource(source) {
      years = createYears(source)
      limit = source.notAfter + LATE_MS
      year = source.year
      lastKey = -1
      changed()
    },
    receivedAt(notAfter) {
      if (year !== undefined || notAfter + LATE_MS === limit) return
      years = createYears({ notAfter })
      limit = notAfter + LATE_MS
      lastKey = -1
      changed()
    },
  }
  return clock
}

/** Finds the clock of a host, and remembers it. */
function hostClocks(options: ClockOptions): (host: string) => HostClock {
  const zones = new Map<string, Zone>()
  const zoneNamed = (name: string): Zone => {
    const zone = zones.get(name) ?? createZone(name)
    zones.set(name, zone)
    return zone
  }
  const fallback = zoneNamed(options.zone)
  const zoneOfHost = new Map<string, Zone>()
  for (const [host, zone] of options.hostZones ?? []) zoneOfHost.set(host.toLowerCase(), zoneNamed(zone))

  const clocks = new Map<string, HostClock>()
  let lastHost: string | undefined
  let last: HostClock = { zone: fallback, last: Number.NaN }
  const meet = (host: string): HostClock => {
    const clock = { zone: zoneOfHost.get(host.toLowerCase()) ?? fallback, last: Number.NaN }
    if (clocks.size < MAX_HOSTS) clocks.set(host, clock)
    return clock
  }

  return (host) => {
    if (host !== lastHost) {
      last = clocks.get(host) ?? meet(host)
      lastHost = host
    }
    return last
  }
}

/**
 * Local time to instant. A local time that the clocks jumped over is read at the offset before the jump; one that they showed twice is
 * of the first pass until the host is seen to have set its clock back.
 */
function toInstant(clock: HostClock, day: number, local: number): number {
  const { before, after, at } = clock.zone.around(day)
  const first = local - before
  if (before === after) return first
  const second = local - after
  if (first >= at) return second >= at ? second : first
  if (second < at) return first
  return isSetBack(clock.last, first, second, at) ? second : first
}

/**
 * Whether a host whose line before was at `last` has set its clock back at the instant `at`: that line says so itself, or this one
 * would set it back otherwise. A line before that is later than the second pass can explain is of another history, e.g. a newer file
 * that was read first, and says nothing.
 */
function isSetBack(last: number, first: number, second: number, at: number): boolean {
  return last >= at ? last <= second + (second - first) : last > first + STRAGGLER_MS
}

interface Years {
  /** The newest year that a stamp of this day may have. */
  newest(month: number, day: number): number
}

function createYears(source: SourceTime): Years {
  return source.year === undefined ? yearsUntil(source.notAfter + LATE_MS) : yearsFrom(source.year)
}

/**
 * Each stamp on its own, so that New Year may lie anywhere in a file. The year found here may be one too new, for the later part of
 * a single day; who knows the stamp's zone and time of day decides that.
 */
function yearsUntil(limit: number): Years {
  // A local day may begin this much before the same day in UTC.
  const newest = new Date(limit + DAY_MS).getUTCFullYear()
  return {
    newest(month, day) {
      const year = withDay(newest, month, day)
      return dayStart(year, month, day) <= limit + DAY_MS ? year : withDay(year - 1, month, day)
    },
  }
}

/** Months by which two stamps of one file differ only because New Year lies between them. */
const NEW_YEAR_MONTHS = 9

/**
 * The first stamp has the year that was given, and the newest month so far is the measure of the others: from December to January is
 * a year on, from January to December is a straggler of the year before. A straggler does not move the measure, so that hosts whose
 * clocks disagree, seen in turns, cannot drive the years away.
 */
function yearsFrom(first: number): Years {
  let year = first
  let newestMonth = 0
  return {
    newest(month, day) {
      const step = newestMonth === 0 ? 0 : month - newestMonth
      if (step >= NEW_YEAR_MONTHS) return withDay(year - 1, month, day)
      if (step <= -NEW_YEAR_MONTHS) year++
      if (step > 0 || step <= -NEW_YEAR_MONTHS || newestMonth === 0) newestMonth = month
      return withDay(year, month, day)
    },
  }
}

/** The newest year, not after `year`, that has this day: 29 February waits for a leap year. */
function withDay(year: number, month: number, day: number): number {
  let candidate = year
  if (month === 2 && day === 29) while (!isLeapYear(candidate)) candidate--
  return candidate
}
