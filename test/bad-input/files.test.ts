import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boundByModes } from '../support/bound-by-modes.ts'
import { corpusLog } from '../support/corpus.ts'
import { logOf, tlsSession } from '../support/postfix-log.ts'

const COMMAND = fileURLToPath(new URL('../../services/cli/bin/tlsrep.mjs', import.meta.url))
const LOG = logOf(tlsSession(2303, 'mail52.sender-a.example[192.0.2.52]'))

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tlsrep-bad-input-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Ended {
  code: number
  events: unknown[]
  stderr: string
}

/** Runs `tlsrep parse` as a person would. */
function parse(args: readonly string[], input?: Uint8Array): Promise<Ended> {
  return run(parseCommand(args), input)
}

function parseCommand(args: readonly string[]): string[] {
  return [process.execPath, COMMAND, 'parse', ...args]
}

function run([program = '', ...args]: readonly string[], input?: Uint8Array): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code)
      const events = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line))
      resolve({ code, events, stderr })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

interface Books {
  lines: { read: number }
  sessions: { opened: number; emitted: number }
  balanced: { lines: boolean; sessions: boolean }
}

/** The account that stands last on stderr. */
function booksOf(stderr: string): Books {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as Books
}

describe('a file that cannot be read is refused with a clear message, exit 2, and nothing on stdout', () => {
  it('a directory: says to name the files in it', async () => {
    mkdirSync(join(folder, 'logs'))
    const { code, events, stderr } = await parse([join(folder, 'logs')])
    expect([code, events]).toEqual([2, []])
    expect(stderr).toContain('logs: is a directory. Name the log files in it')
  })

  it('a missing file: says that there is none', async () => {
    const { code, events, stderr } = await parse([join(folder, 'nothing.log')])
    expect([code, events]).toEqual([2, []])
    expect(stderr).toContain('nothing.log: there is no such file')
  })

  it('an unreadable file: says who may read it', async () => {
    const path = file('secret.log', LOG)
    chmodSync(path, 0)
    const { code, events, stderr } = await run(boundByModes(parseCommand([path])))
    expect([code, events]).toEqual([2, []])
    expect(stderr).toContain('you may not read this file')
  })

  it.each([
    ['little', 'utf16le', [0xff, 0xfe]],
    ['big', 'utf16be', [0xfe, 0xff]],
  ] as const)('UTF-16, %s end first: says how to convert it', async (_which, name, mark) => {
    const text = Buffer.from(LOG, 'utf16le')
    if (name === 'utf16be') text.swap16()
    const { code, events, stderr } = await parse([file(`${name}.log`, Buffer.concat([Buffer.from(mark), text]))])
    expect([code, events]).toEqual([2, []])
    expect(stderr).toContain('is UTF-16 text. Convert it first: iconv -f UTF-16 -t UTF-8')
  })

  it.each([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04]],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26]],
    ['journal', [...Buffer.from('LPKSHHRH')]],
  ] as const)('%s: says how to convert it', async (name, magic) => {
    const { code, events, stderr } = await parse([file(name, Buffer.from(magic))])
    expect([code, events]).toEqual([2, []])
    expect(stderr).toContain('| tlsrep parse -')
  })

  it('a zone that does not exist: says so', async () => {
    const { code, events, stderr } = await parse(['--tz', 'Mars/Olympus', file('zone.log', LOG)])
    expect([code, events]).toEqual([2, []])
    expect(stderr).toContain('Mars/Olympus')
  })

  it('one bad file among good ones: the good ones are read', async () => {
    const { code, events, stderr } = await parse([join(folder, 'nothing.log'), file('good.log', LOG)])
    expect(code).toBe(2)
    expect(events).toHaveLength(1)
    expect(stderr).toContain('there is no such file')
  })
})

describe('a file that breaks in the middle', () => {
  it.each([
    ['gz', gzipSync(corpusLog('postfix-3.7-loglevel1'))],
    ['zst', zstdCompressSync(corpusLog('postfix-3.7-loglevel1'))],
  ])('.%s cut off: exit 1, says so, and tells what came before', async (ending, whole) => {
    const path = file(`cut.${ending}`, whole.subarray(0, Math.floor(whole.length * 0.7)))
    const { code, events, stderr } = await parse(['--json', path])
    expect(code).toBe(1)
    expect(stderr).toContain('data end in the middle')
    const { balanced, sessions } = booksOf(stderr)
    expect(balanced).toEqual({ lines: true, sessions: true })
    expect(sessions.emitted).toBe(events.length)
    if (ending === 'gz') expect(events.length).toBeGreaterThan(50)
  })

  it('a damaged gz: exit 1, says so', async () => {
    const damaged = gzipSync(corpusLog('postfix-3.7-loglevel1'))
    damaged.fill(0xff, damaged.length - 2000, damaged.length - 1000)
    const { code, stderr } = await parse(['--json', file('damaged.gz', damaged)])
    expect(code).toBe(1)
    expect(stderr).toContain('are damaged')
    expect(booksOf(stderr).balanced).toEqual({ lines: true, sessions: true })
  })
})

describe('a file with nothing in it', () => {
  it.each([
    ['empty', ''],
    ['of blank lines', '\n\n  \n'],
    ['of one newline', '\n'],
  ])('%s: exit 0, no event, and books that agree', async (_what, content) => {
    const { code, events, stderr } = await parse(['--json', file('empty.log', content)])
    expect([code, events]).toEqual([0, []])
    expect(booksOf(stderr).balanced).toEqual({ lines: true, sessions: true })
  })

  it('an empty pipe: exit 0, no event', async () => {
    const { code, events } = await parse(['-'], Buffer.alloc(0))
    expect([code, events]).toEqual([0, []])
  })

  it('an empty gz: exit 0, no event', async () => {
    const { code, events } = await parse([file('empty.gz', gzipSync(''))])
    expect([code, events]).toEqual([0, []])
  })
})

describe('what a terminal would obey', () => {
  it('is escaped in messages and in the account', async () => {
    const { stderr } = await parse([file('evil\x1b[2J.log', 'junk \x1b]0;owned\x07\n'), join(folder, 'none\x1b[31m')])
    expect(stderr.includes('\x1b')).toBe(false)
    expect(stderr.includes('\x07')).toBe(false)
  })
})
