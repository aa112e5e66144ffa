/** What a clock on the wall shows. */
export interface WallClockTime {
  /** From 1. */
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

/**
 * What the clocks of a zone show at an instant.
 * @throws RangeError when the platform does not know the zone
 */
export function wallClock(zone: string): (time: number) => WallClockTime {
  const numeric = 'numeric'
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  })
  return (time) => {
    const parts = new Map(format.formatToParts(time).map((part) => [part.type, Number(part.value)]))
    const field = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return {
      month: field('month'),
      day: field('day'),
      hour: field('hour'),
      minute: field('minute'),
      second: field('second'),
    }
  }
}
