import type { TlsNegotiation } from '@tlsrep/schemas'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFramer } from '../framing/frame-line.ts'
import type { InputItem } from '../inputs/input.ts'
import type { LineClass, ParserFactory, SessionCounts } from '../parsers/parser.ts'
import { ParseRun } from './parse-run.ts'
import { check, deadLines, ignoredLines } from './reconciliation.ts'
import { reconciliationJson, renderReconciliation } from './reconciliation-text.ts'

const STAMP = '2026-11-25T03:43:25+00:00 mx1'

/**
 * A parser of a language of its own: `open`, `close`, `handover`, and the names of line classes. Only what the run looks at is in its
 * events.
 */
const fakeParser: ParserFactory = (_options, emit) => {
  const sessions: SessionCounts = { opened: 0, emitted: 0, open: 0, handedOver: 0 }
  const event = (truncated: boolean): void => {
    sessions.open--
    sessions.emitted++
    emit({ direction: 'inbound', outcome: 'negotiated', truncated } as TlsNegotiation)
  }
  const commands: Record<string, () => void> = {
    open: () => {
      sessions.opened++
      sessions.open++
    },
    close: () => {
      if (sessions.open > 0) event(false)
    },
    handover: () => {
      if (sessions.open === 0) return
      sessions.open--
      sessions.handedOver++
    },
  }
  return {
    mta: 'other',
    sessions,
    oldestOpen: () => null,
    learned: () => ({ hosts: [], listeners: [], outbound_peers: [], queued_senders: [] }),
    restore: () => {},
    claims: (program) => program === 'fake',
    read(line): LineClass {
      const message = line.text.slice(line.message, line.end)
      const command = commands[message]
      if (command === undefined) return message as LineClass
      command()
      return 'joined'
    },
    noteLoss: () => {},
    finish() {
      while (sessions.open > 0) event(true)
    },
  }
}

function newRun(emit: (event: TlsNegotiation) => void = () => {}, parser = fakeParser): ParseRun {
  const run = new ParseRun({
    framer: createFramer({ notAfter: 0, zone: 'UTC' }),
    parsers: [parser],
    parserOptions: { collector: '', maxOpenSessions: 10, listenerName: () => undefined },
    emit,
  })
  run.startSource({ name: 'log', modifiedAt: Date.UTC(2026, 11, 1) })
  return run
}

function block(text: string, offset = 0): InputItem {
  return { kind: 'lines', block: { source: 'log', text, offset } }
}

const line = (message: string, program = 'fake'): string => `${STAMP} ${program}[7]: ${message}\n`

describe('ParseRun', () => {
  it('gives every line exactly one class', () => {
    const run = newRun()
    run.take(block(line('joined') + line('ignored_other') + line('ignored_noise') + line('ignored_orphan')))
    run.take(
      block(`${line('ignored_duplicate')}${line('dead_unparsed')}${line('x', 'cron')}\nno stamp here\n\u0000\u0001\n`),
    )
    run.take({
      kind: 'refused',
      line: {
        source: 'log',
        offset: 900,
        length: 70_000,
        reason: 'too_long',
        head: 'Nov 25',
        hash: new Uint8Array(16),
      },
    })
    expect(run.reconciliation().lines).toEqual({
      read: 11,
      joined: 1,
      ignored: { other_program: 1, empty: 1, other: 1, noise: 1, orphan: 1, duplicate: 1 },
      dead: { no_framing: 1, bad_stamp: 0, binary: 1, too_long: 1, unparsed: 1 },
    })
  })

  it('keeps both equations at every moment, whatever comes', () => {
    const messages = ['open', 'close', 'handover', 'joined', 'ignored_other', 'ignored_orphan', 'dead_unparsed']
    const anyLine = fc.oneof(
      fc.constantFrom(...messages).map((message) => line(message)),
      fc.constantFrom('\n', 'garbage\n', '\u0000\n', line('x', 'cron')),
    )
    fc.assert(
      fc.property(fc.array(fc.array(anyLine, { minLength: 1, maxLength: 5 }), { maxLength: 20 }), (blocks) => {
        let events = 0
        const run = newRun(() => events++)
        for (const lines of blocks) {
          run.take(block(lines.join('')))
          expect(check(run.reconciliation())).toEqual({ lines: true, sessions: true })
        }
        run.finish()
        const account = run.reconciliation()
        expect(check(account)).toEqual({ lines: true, sessions: true })
        expect(account.sessions.open).toBe(0)
        expect(account.events.count).toBe(events)
        expect(account.lines.read).toBe(blocks.flat().length)
        expect(account.lines.joined + ignoredLines(account) + deadLines(account)).toBe(account.lines.read)
      }),
    )
  })

  it('asks a parser once for each program', () => {
    const asked: string[] = []
    const run = newRun(undefined, (options, emit) => {
      const parser = fakeParser(options, emit)
      return {
        ...parser,
        claims: (program) => {
          asked.push(program)
          return parser.claims(program)
        },
      }
    })
    run.take(block([line('open'), line('x', 'cron'), line('close'), line('x', 'cron')].join('').repeat(3)))
    expect(asked).toEqual(['fake', 'cron'])
  })

  it('tells parsers the byte offset of each line, after a line feed or a carriage return and one', () => {
    const seen: string[] = []
    const run = newRun(undefined, (options, emit) => ({
      ...fakeParser(options, emit),
      read(read): LineClass {
        seen.push(`${read.offset} ${read.text.slice(read.message, read.end)}`)
        return 'joined'
      },
    }))
    const first = line('one').replace('\n', '\r\n')
    run.take(block(first + line('two').trimEnd(), 1000))
    expect(seen).toEqual(['1000 one', `${1000 + first.length} two`])
  })

  it('keeps a few dead letters of each reason, redacted, with their positions', () => {
    const run = newRun()
    run.take(block(`From bob@example.org 12:30\n${'Wrong\n'.repeat(10)}`, 500))
    const { dead_samples: samples } = run.reconciliation()
    expect(samples).toHaveLength(3)
    expect(samples[0]).toEqual({
      reason: 'no_framing',
      source: 'log',
      offset: 500,
      shape: 'aaaa aaa@aaaaaaa.aaa 99:99',
    })
  })

  it('passes on when a syslog daemon says that it lost lines, and believes nobody else', () => {
    const losses: string[] = []
    const run = newRun(undefined, (options, emit) => ({
      ...fakeParser(options, emit),
      noteLoss: (host, time) => losses.push(`${host} ${time}`),
    }))
    const notice = 'imuxsock lost 253 messages from pid 7 due to rate-limiting'
    run.take(block(line(notice, 'cron') + line(notice, 'rsyslogd') + line('start', 'rsyslogd')))
    expect(losses).toEqual([`mx1 ${Date.UTC(2026, 10, 25, 3, 43, 25)}`])
    expect(run.reconciliation()).toMatchObject({ loss_notices: 1, lines: { ignored: { other_program: 3 } } })
  })

  it('remembers when the lines of each source were written', () => {
    const run = newRun()
    run.take(block(`garbage\n${line('joined')}${line('joined').replace('03:43', '04:43')}garbage\n`))
    run.startSource({ name: 'next', modifiedAt: 0 })
    expect(run.sources).toEqual([
      {
        name: 'log',
        lines: 4,
        firstTime: Date.UTC(2026, 10, 25, 3, 43, 25),
        lastTime: Date.UTC(2026, 10, 25, 4, 43, 25),
      },
      { name: 'next', lines: 0, firstTime: Number.NaN, lastTime: Number.NaN },
    ])
  })
})

describe('the rendered account', () => {
  it('prints both equations as equations', () => {
    const run = newRun()
    run.take(block(line('open') + line('open') + line('close') + line('x', 'cron')))
    const text = renderReconciliation(run.reconciliation())
    expect(text).toContain('4 read = 3 joined + 1 ignored + 0 dead')
    expect(text).toContain('2 opened = 1 emitted + 1 open + 0 handed over')
  })

  it('says when an equation does not hold', () => {
    const account = newRun().reconciliation()
    account.lines.read = 7
    expect(renderReconciliation(account)).toContain('7 read ≠ 0 joined')
    expect(reconciliationJson(account)).toMatchObject({ balanced: { lines: false, sessions: true } })
  })

  it('lets no control character of the log through', () => {
    const run = newRun()
    run.take(block('bad \u001b[2J line\u009b\n'))
    const account = run.reconciliation()
    account.unknown_names.push({ kind: 'cipher', name: 'X\u001b]0;title\u0007', count: 1 })
    const text = renderReconciliation(account)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is the promise
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(text).toContain('\\x1b[9a')
  })
})
