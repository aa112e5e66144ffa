import { ipText, type TlsNegotiation } from '@tlsrep/schemas'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CORPUS_SETS, corpusLog, linesOf } from '../support/corpus.ts'
import { parseLog } from '../support/parse-log.ts'

const aSet = fc.constantFrom(...CORPUS_SETS)
const text = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`, 'latin1')
const idOf = (event: TlsNegotiation): string => Buffer.from(event.event_id).toString('hex')

/** An event less what depends on where its lines stand in the source. */
function withoutPosition(event: TlsNegotiation): object {
  const { source_name, source_offset, source_end, ...rest } = event
  return { ...rest, event_id: idOf(event), peer_ip: ipText(event.peer_ip) }
}

describe('the parser is a pure function of the lines', () => {
  it('gives the same bytes however the log is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(aSet, fc.integer({ min: 64, max: 200_000 }), async (set, chunkBytes) => {
        const log = corpusLog(set)
        const whole = await parseLog(log)
        expect((await parseLog(log, { chunkBytes })).json).toEqual(whole.json)
      }),
      { numRuns: 12 },
    )
  })

  it('gives the same ids and facts under another file name and when the log is read twice', async () => {
    for (const set of CORPUS_SETS) {
      const one = await parseLog(corpusLog(set), { source: 'mail.log' })
      const two = await parseLog(corpusLog(set), { source: 'mail.log.1.gz' })
      expect(two.events.map(withoutPosition)).toEqual(one.events.map(withoutPosition))
    }
  })

  it('gives one id to a session whose file was cut in its middle', async () => {
    await fc.assert(
      fc.asyncProperty(aSet, fc.double({ min: 0.05, max: 0.95, noNaN: true }), async (set, share) => {
        const lines = linesOf(corpusLog(set))
        const whole = new Set((await parseLog(text(lines))).events.map(idOf))
        const head = await parseLog(text(lines.slice(0, Math.floor(lines.length * share))))
        // What postscreen had not decided yet may have gone on in smtpd; it is told as unknown.
        const decided = head.events.filter(
          (event) => event.service !== 'postfix/postscreen' || event.outcome !== 'unknown',
        )
        expect(decided.map(idOf).filter((id) => !whole.has(id))).toEqual([])
      }),
      { numRuns: 15 },
    )
  })
})

/** The fields that the framing does not touch: time has another resolution, ids are made of the line's bytes. */
function facts(event: TlsNegotiation): object {
  const { event_id, observed_at, ended_at, source_name, source_offset, source_end, ...rest } = event
  return { ...rest, peer_ip: ipText(event.peer_ip) }
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const CLASSIC = /^(\w{3}) ([ \d]\d) ([\d:]{8}) (\S+) (.*)$/s
const TAGGED = /^([^\s[:]+)(?:\[(\d+)\])?: (.*)$/s

/** Writes a classic line in each of the other framings. */
const FRAMINGS: Record<string, (line: string) => string> = {
  'rfc3164 with PRI': (line) => `<22>${line}`,
  'zero-padded day': (line) => line.replace(/^(\w{3}) {2}(\d)/, '$1 0$2'),
  rfc3339: (line) =>
    line.replace(CLASSIC, (_all, month, day, time, host, rest) => {
      const number = String(MONTHS.indexOf(month) + 1).padStart(2, '0')
      return `2026-${number}-${day.replace(' ', '0')}T${time}.000000+00:00 ${host} ${rest}`
    }),
  rfc5424: (line) =>
    line.replace(CLASSIC, (_all, month, day, time, host, rest) => {
      const number = String(MONTHS.indexOf(month) + 1).padStart(2, '0')
      const [, program, pid, message] = TAGGED.exec(rest) ?? ['', '-', '-', rest]
      return `<22>1 2026-${number}-${day.replace(' ', '0')}T${time}Z ${host} ${program} ${pid ?? '-'} - [x@1 y="z\\]"] ${message}`
    }),
}

describe('the framing changes nothing', () => {
  const classic = CORPUS_SETS.filter((set) => CLASSIC.test(linesOf(corpusLog(set))[0] ?? ''))

  it.each(Object.keys(FRAMINGS))('%s gives the same sessions', async (name) => {
    const reframe = FRAMINGS[name] ?? ((line: string) => line)
    for (const set of classic) {
      const lines = linesOf(corpusLog(set))
      const plain = await parseLog(text(lines))
      const framed = await parseLog(text(lines.map(reframe)))
      expect(framed.events.map(facts)).toEqual(plain.events.map(facts))
    }
  })
})

describe('hosts do not disturb each other', () => {
  it('gives every host its own sessions, whatever the interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(aSet, { minLength: 2, maxLength: 3 }),
        fc.infiniteStream(fc.nat({ max: 2 })),
        async (sets, picks) => {
          const logs = sets.map((set, index) =>
            linesOf(corpusLog(set)).map((line) => line.replace(/ mx1 /, ` host${index} `)),
          )
          const alone = await Promise.all(logs.map((lines) => parseLog(text(lines))))
          const mixed: string[] = []
          const at = logs.map(() => 0)
          while (at.some((position, index) => position < (logs[index]?.length ?? 0))) {
            const pick = (picks.next().value ?? 0) % logs.length
            const line = logs[pick]?.[at[pick] ?? 0]
            if (line === undefined) {
              logs.forEach((lines, index) => {
                mixed.push(...lines.slice(at[index]))
                at[index] = lines.length
              })
              break
            }
            mixed.push(line)
            at[pick] = (at[pick] ?? 0) + 1
          }
          const together = await parseLog(text(mixed))
          alone.forEach((expected, index) => {
            const own = together.events.filter((event) => event.host === `host${index}`)
            expect(own.map(idOf).sort()).toEqual(expected.events.map(idOf).sort())
            const byId = new Map(own.map((event) => [idOf(event), withoutPosition(event)]))
            for (const event of expected.events) expect(byId.get(idOf(event))).toEqual(withoutPosition(event))
          })
        },
      ),
      { numRuns: 10 },
    )
  })
})
