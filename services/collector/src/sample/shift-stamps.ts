import { wallClock } from './wall-clock.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Mmm dd hh:mm:ss`, as Postfix' own maillog_file has it (src/util/msg_logger.c). */
const STAMP = /^([A-Z][a-z]{2}) (\d\d) (\d\d):(\d\d):(\d\d)$/
const STAMP_LENGTH = 15

export interface ShiftOptions {
  /** The newest stamp becomes this, to the second: milliseconds since 1970 UTC. */
  endsAt: number
  /** IANA zone whose clocks the stamps show then; it must be the one in which they are read. */
  zone: string
}

/**
 * Moves every stamp of a log by the same number of seconds; nothing else is changed. For logs of a few minutes: within a log that
 * lasts over the end of a year, times would be misread.
 * @param log lines that each begin with a stamp `Mmm dd hh:mm:ss`, written in UTC; latin1
 * @throws Error at a line without such a stamp
 */
export function shiftStamps(log: string, { endsAt, zone }: ShiftOptions): string {
  const lines = log.split('\n').filter((line) => line !== '')
  const times = lines.map(timeOfLine)
  const newest = times.reduce((a, b) => Math.max(a, b), 0)
  const shift = Math.floor(endsAt / 1000) * 1000 - newest
  const clock = wallClock(zone)
  return lines
    .map((line, index) => `${stampOf(clock((times[index] ?? 0) + shift))}${line.slice(STAMP_LENGTH)}\n`)
    .join('')
}

/** The stamp's moment in a year that has every day; only differences between such moments mean anything. */
function timeOfLine(line: string): number {
  const stamp = STAMP.exec(line.slice(0, STAMP_LENGTH))
  const month = MONTHS.indexOf(stamp?.[1] ?? '')
  if (stamp === null || month < 0) throw new Error(`no stamp: ${line.slice(0, STAMP_LENGTH)}`)
  const [day = 0, hour = 0, minute = 0, second = 0] = stamp.slice(2).map(Number)
  return Date.UTC(2000, month, day, hour, minute, second)
}

function stampOf({ month, day, hour, minute, second }: ReturnType<ReturnType<typeof wallClock>>): string {
  const [dd, hh, mm, ss] = [day, hour, minute, second].map((value) => String(value).padStart(2, '0'))
  return `${MONTHS[month - 1]} ${dd} ${hh}:${mm}:${ss}`
}
