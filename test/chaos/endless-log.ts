import { corpusLog, linesOf } from '../support/corpus.ts'

const CLASSIC = /^(\w{3} [ \d]\d [\d:]{8}) \S+ ([^\s[]+)\[(\d+)\]: (.*)$/s
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
export const SETS = [
  'postfix-3.10-notls',
  'postfix-3.10-outbound-reuse',
  'postfix-3.11-loglevel1',
  'postfix-3.11-outbound',
  'postfix-3.5-loglevel1',
  'postfix-3.7-disturbed',
  'postfix-3.7-encrypt',
  'postfix-3.7-postscreen',
]
/** Log time of one round; longer than any of the sets. */
const ROUND_MS = 240_000

interface Template {
  /** Milliseconds since the beginning of its set. */
  at: number
  set: number
  program: string
  pid: number
  message: string
}

/**
 * A log without end: sets of the corpus side by side, each on a host of its own, over and over, with other times, process ids, queue ids and
 * addresses, so that no session is like another. One address in three comes back in every round: whoever keeps coming in clear is listed. Lines that nobody
 * can read come by now and then.
 * @param startsAt log time of the first line, milliseconds since 1970 UTC
 */
export function* endlessLog(startsAt: number): Generator<Buffer, never, undefined> {
  for (const round of logRounds(startsAt)) yield* round
  throw new Error('rounds have no end')
}

/** The lines of one round after another. */
export function* logRounds(startsAt: number): Generator<Buffer[], never, undefined> {
  const templates = SETS.flatMap(templatesOf).sort((a, b) => a.at - b.at)
  for (let round = 0; ; round++) {
    yield templates.flatMap((template, index) => {
      const line = Buffer.from(lineOf(template, round, startsAt), 'latin1')
      return index % 997 === 500 ? [line, deadLine(round, index, clockOf(template, round, startsAt))] : [line]
    })
  }
}

function templatesOf(name: string, set: number): Template[] {
  const templates: Template[] = []
  let first = Number.NaN
  for (const line of linesOf(corpusLog(name))) {
    const [, stamp = '', program = '', pid = '', message = ''] = CLASSIC.exec(line) ?? []
    if (program === '') continue
    const time = Date.parse(`${stamp} 2026 UTC`)
    if (Number.isNaN(first)) first = time
    templates.push({ at: time - first, set, program, pid: Number(pid), message })
  }
  return templates
}

/** As a line begins. */
function clockOf({ at }: Template, round: number, startsAt: number): string {
  const stamp = new Date(startsAt + round * ROUND_MS + at)
  const day = String(stamp.getUTCDate()).padStart(2, ' ')
  return `${MONTHS[stamp.getUTCMonth()]} ${day} ${stamp.toISOString().slice(11, 19)}`
}

function lineOf(template: Template, round: number, startsAt: number): string {
  const { set, program, pid, message } = template
  const otherPid = (pid + round * 7919) % 4_000_000
  const said = message
    .replace(
      /\[(?!127\.)\d+\.\d+\.\d+\.(\d+)\]/g,
      (_all, last) => `[10.${set}.${isRegular(last) ? 0 : round + 1}.${last}]`,
    )
    .replace(/^[0-9A-F]{9,12}(?=: )/, (id) => `${id}${(0xa00 + round).toString(16).toUpperCase()}`)
  return `${clockOf(template, round, startsAt)} mx${set} ${program}[${otherPid}]: ${said}\n`
}

function isRegular(lastNumber: string): boolean {
  return Number(lastNumber) % 3 === 0
}

/** One for each way to be dead that a line can have by itself. */
function deadLine(round: number, index: number, clock: string): Buffer {
  const number = `${round}-${index}`
  const kinds = [
    `no stamp and no program, ${number}\n`,
    `Nov 99 03:00:00 mx0 postfix/smtpd[1]: connect from ${number}\n`,
    `${clock} mx0 postfix/smtpd[1]: \0\0\0\u0001\u0002 ${number}\n`,
    `${number} ${'x'.repeat(70_000)}\n`,
  ]
  return Buffer.from(kinds[(round + Math.floor(index / 997)) % kinds.length] ?? '', 'latin1')
}
