import { spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { createLogger, type LoggerOptions } from './logger.ts'

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const logger = createLogger({
    level: 'trace',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
    isTerminal: false,
    ...options,
  })
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') }
}

describe('a line of the log', () => {
  it('is JSON with the level as a word and the time as RFC 3339, and with what a child carries', () => {
    const { logger, last } = capture()
    logger.child({ component: 'collector' }).info({ input: 'mx1', lines: 3n }, 'caught up')
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      component: 'collector',
      input: 'mx1',
      lines: '3',
      msg: 'caught up',
    })
  })

  it('is left out below the level', () => {
    const { logger, lines } = capture({ level: 'warn' })
    logger.info('no')
    logger.warn('yes')
    expect(lines).toHaveLength(1)
  })

  it('is short and for people on a terminal', () => {
    const { logger, lines } = capture({ format: 'auto', isTerminal: true, colour: false })
    logger.child({ component: 'dnsbl' }).warn({ port: 5354, name: 'a b' }, 'slow')
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d warn {2}dnsbl: slow port=5354 name="a b"\n$/)
  })

  it('is JSON where nobody looks, unless asked', () => {
    const { logger, lines } = capture({ format: 'auto' })
    logger.info('x')
    expect(lines[0]).toMatch(/^\{/)
    const pretty = capture({ format: 'pretty', colour: false })
    pretty.logger.info('x')
    expect(pretty.lines[0]).toMatch(/ info {2}x\n$/)
  })

  it('has the stack of an error, its code and its cause', () => {
    const error = Object.assign(new Error('no', { cause: new Error('because') }), { code: 'ENOSPC' })
    const { logger, last } = capture()
    logger.error({ err: error }, 'stopped')
    expect(last().err).toMatchObject({
      type: 'Error',
      message: 'no',
      code: 'ENOSPC',
      stack: expect.stringContaining('logger.test'),
      cause: { message: 'because' },
    })
    logger.error(error)
    expect(last()).toMatchObject({ msg: 'no', err: { code: 'ENOSPC' } })
    const pretty = capture({ format: 'pretty', colour: false })
    pretty.logger.error({ err: error }, 'stopped')
    expect(pretty.lines[0]).toMatch(/stopped err="no"\n {4}Error: no\n[\s\S]* {4}Error: because\n/)
  })
})

describe("the attacker's text", () => {
  const EVIL = 'a\u001b[2J\u202e\u0007\r\n{"level":"fatal"}\u2028\u{e0001}'

  it('cannot forge a line or move the cursor, in a fact, a key, a message or an error', () => {
    for (const format of ['json', 'pretty'] as const) {
      const { logger, lines } = capture({ format, colour: false })
      logger.info({ helo: EVIL, [EVIL]: 1, deep: [{ EVIL }], err: new Error(EVIL) }, EVIL)
      logger.info('%s', EVIL)
      logger.child({ peer: EVIL }).info(EVIL)
      for (const line of lines) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
        expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/)
        if (format === 'json') expect(line.match(/\n/g)).toHaveLength(1)
      }
    }
  })

  it('is cut, and so are lists, objects and depths', () => {
    const { logger, lines } = capture()
    const deep: { next?: unknown } = {}
    deep.next = deep
    logger.info(
      {
        text: 'x'.repeat(1e6),
        list: Array(1e5).fill('y'),
        many: Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`k${i}`, i])),
        deep,
      },
      'm'.repeat(1e6),
    )
    expect(lines[0]?.length).toBeLessThan(10_000)
    expect(lines[0]).toContain('(1000000 characters)')
    expect(lines[0]).toContain('99980 more')
  })

  test('is safe whatever it is', () => {
    const { logger, lines, last } = capture()
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.anything()),
        fc.string({ unit: 'binary' }),
        (facts, message) => {
          logger.info(facts, message)
          expect(last().level).toBeDefined()
          expect(lines.at(-1)).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]/u)
        },
      ),
    )
  })
})

test('secrets are left out, wherever they stand; the file that holds one may be named', () => {
  const { logger, lines, last } = capture()
  logger.info(
    {
      password: 'p1',
      clickhouse: { Password: 'p2', password_file: '/etc/pw' },
      headers: { authorization: 'p3' },
      url: 'http://u:p4@h/x',
    },
    'http://u:p5@h',
  )
  expect(lines[0]).not.toMatch(/p[1-5]/)
  expect(last()).toMatchObject({ clickhouse: { password_file: '/etc/pw' }, url: 'http://***@h/x' })
})

test('a full disk under the log does not stop the process', () => {
  const script = `
    const { createLogger } = await import(${JSON.stringify(new URL('./logger.ts', import.meta.url).href)})
    const logger = createLogger({ level: 'info', format: 'json' })
    for (let i = 0; i < 100; i++) logger.info({ i }, 'x')
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.stdout.write('went on')
  `
  const full = openSync('/dev/full', 'w')
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', full],
    encoding: 'utf8',
  })
  expect({ stdout, status }).toEqual({ stdout: 'went on', status: 0 })
})
