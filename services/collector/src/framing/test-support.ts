import type { ClockOptions } from './clock.ts'
import { createFramer, type FrameRefusal, type Framer } from './frame-line.ts'
import type { LogLine } from './framing.ts'
import { lineText } from './line-bytes.ts'

/** What a frame says, with the time and the message as a person reads them. */
export interface Frame {
  time: string
  host: string
  program: string
  pid: number
  message: string
}

export const DECEMBER_2026: ClockOptions = { notAfter: Date.UTC(2026, 11, 1), zone: 'UTC' }

/** A line that stands in the middle of a block, so that a framing that reads past its bounds finds something there. */
export function lineOf(text: string, offset = 1): LogLine {
  const before = '7\n'
  const start = before.length
  const end = start + text.length
  const block = `${before}${text}\n<22>Oct  5 23:45:10 other other[1]: other`
  return {
    ...lineText(block),
    start,
    end,
    message: -1,
    time: 0,
    host: '?',
    program: '?',
    pid: -2,
    source: 'mail.log',
    offset,
  }
}

export function frameOf(framer: Framer, text: string, offset = 1): Frame | FrameRefusal {
  const line = lineOf(text, offset)
  const answer = framer.frame(line)
  return answer === true ? frame(line) : answer
}

export function frame(line: LogLine): Frame {
  const { host, program, pid } = line
  const message = line.text.slice(line.message, line.end)
  return { time: new Date(line.time).toISOString(), host, program, pid, message }
}

/** The times of lines read in order by one framer; refusals as they are. */
export function timesOf(options: ClockOptions, lines: readonly string[]): string[] {
  const framer = createFramer(options)
  return lines.map((line) => timeOf(framer, line))
}

export function timeOf(framer: Framer, text: string): string {
  const answer = frameOf(framer, text)
  return typeof answer === 'string' ? answer : answer.time
}
