export const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** First year that a stamp may carry: logs are no older than the epoch that `time` counts from. */
const FIRST_YEAR = 1970

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Whether some year has this day; 29 February does. Months count from 1. */
export function isDayOfSomeYear(month: number, day: number): boolean {
  return day >= 1 && day <= (DAYS[month - 1] ?? 0)
}

export function isDayOfYear(year: number, month: number, day: number): boolean {
  return year >= FIRST_YEAR && isDayOfSomeYear(month, day) && (month !== 2 || day < 29 || isLeapYear(year))
}

/** Milliseconds at which the day begins, on a calendar without zones. */
export function dayStart(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day)
}

/**
 * Milliseconds since midnight, -1 when no clock shows this. A leap second (RFC 3339 §5.7) counts as the first second of the next
 * minute, as Unix time has none.
 */
export function timeOfDay(hour: number, minute: number, second: number): number {
  const valid = hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60
  return valid ? hour * HOUR_MS + minute * MINUTE_MS + second * 1000 : -1
}
