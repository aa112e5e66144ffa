import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'

const CORPUS = new URL('../test/corpus/', import.meta.url)
const START = Date.UTC(2026, 0, 5, 6, 0, 0)
const ROUND_MS = 31_000
const CLASSIC = /^(\w{3}) ([ \d]\d) ([\d:]{8}) (\S+) ([^\s[]+)\[(\d+)\]: (.*)$/s
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/**
 * A mixed log: the classic-stamped sets of the corpus, written over and over with other addresses, pids and times, so that no session is
 * like another and nothing can be remembered from one round to the next.
 * @param endsAt about when it ends, milliseconds since 1970 UTC; without it, it begins in January
 * @returns lines and bytes written to `path`
 */
export function makeMixedLog(path: string, lines: number, endsAt?: number): { lines: number; bytes: number } {
  const templates = readdirSync(CORPUS)
    .filter((set) => !/loglevel2|tlsproxydown/.test(set))
    .map((set) => readFileSync(new URL(`${set}/mail.log`, CORPUS), 'latin1').split('\n'))
    .map((set) => set.map((line) => CLASSIC.exec(line)).filter((match) => match !== null))
    .filter((set) => set.length > 0)
  const rounds = Math.ceil(lines / templates.reduce((sum, set) => sum + set.length, 0))
  const start = endsAt === undefined ? START : endsAt - (rounds + 1) * ROUND_MS
  const file = openSync(path, 'w')
  let written = 0
  let bytes = 0
  for (let round = 0; written < lines; round++) {
    const at = new Date(start + round * ROUND_MS)
    const out: string[] = []
    for (const set of templates) for (const line of set) out.push(rewrite(line, round, at))
    bytes += writeSync(file, Buffer.from(out.join(''), 'latin1'))
    written += out.length
  }
  closeSync(file)
  return { lines: written, bytes }
}

function rewrite(match: RegExpExecArray, round: number, at: Date): string {
  const [, , , time = '', host = '', program = '', pid = '', message = ''] = match
  const seconds = at.getTime() / 1000 + (Number(time.slice(6, 8)) % 30)
  const stamp = new Date(seconds * 1000)
  const day = String(stamp.getUTCDate()).padStart(2, ' ')
  const clock = stamp.toISOString().slice(11, 19)
  const otherPid = (Number(pid) + round * 7919) % 4_000_000
  const other = message.replace(
    /\[(\d+)\.(\d+)\.(\d+)\.(\d+)\]/g,
    (_all, _a, _b, _c, d) => `[10.${(round >> 8) & 255}.${round & 255}.${d}]`,
  )
  return `${MONTHS[stamp.getUTCMonth()]} ${day} ${clock} ${host} ${program}[${otherPid}]: ${other}\n`
}
