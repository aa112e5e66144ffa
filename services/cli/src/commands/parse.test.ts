import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'

const BIN = fileURLToPath(new URL('../../bin/tlsrep.mjs', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'tlsrep-parse-'))
afterAll(() => rmSync(directory, { recursive: true }))

interface Result {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** Runs the command as a user does. */
function tlsrep(args: readonly string[], input: string | Buffer = ''): Promise<Result> {
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...process.env, NO_COLOR: '1', TZ: 'UTC' } })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return resultOf(child)
}

function shell(command: string): Promise<Result> {
  return resultOf(spawn('bash', ['-c', command.replaceAll('TLSREP', `'${process.execPath}' '${BIN}'`)]))
}

function resultOf(child: ReturnType<typeof spawn>): Promise<Result> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
}

let files = 0
function fileOf(content: string | Uint8Array): string {
  const path = join(directory, `log-${files++}`)
  writeFileSync(path, content)
  return path
}

/** A whole session of Postfix with TLS; sessions of different numbers are different. */
function session(number: number): string {
  const stamp = `2026-03-02T10:${String(Math.floor(number / 60) % 60).padStart(2, '0')}:${String(number % 60).padStart(2, '0')}+00:00`
  const peer = `mail${number % 250}.sender.example[192.0.2.${number % 250}]`
  return [
    `connect from ${peer}`,
    `Anonymous TLS connection established from ${peer}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)`,
    `disconnect from ${peer} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7`,
  ]
    .map((message) => `${stamp} mx1 postfix/smtpd[${1000 + number}]: ${message}\n`)
    .join('')
}

function sessions(count: number): string {
  return Array.from({ length: count }, (_, number) => session(number)).join('')
}

const eventsIn = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe('tlsrep parse', () => {
  it('prints one JSON object for each session, and the account of all lines on stderr', async () => {
    const { code, stdout, stderr } = await tlsrep(['parse', fileOf(sessions(3))])
    expect(code).toBe(0)
    expect(eventsIn(stdout)).toMatchObject([
      { outcome: 'negotiated', tls_version: 'TLSv1_3', peer_ip: '192.0.2.0', source_offset: 0 },
      { outcome: 'negotiated', peer_ip: '192.0.2.1' },
      { outcome: 'negotiated', peer_ip: '192.0.2.2' },
    ])
    expect(stderr).toContain('9 read = 9 joined + 0 ignored + 0 dead')
    expect(stderr).toContain('3 opened = 3 emitted + 0 open + 0 handed over')
  })

  it('gives the same events for plain, compressed and piped logs, but for the name of the source', async () => {
    const log = Buffer.from(sessions(2000))
    const [plain, ...others] = await Promise.all([
      tlsrep(['parse', fileOf(log)]),
      tlsrep(['parse', fileOf(gzipSync(log))]),
      tlsrep(['parse', fileOf(zstdCompressSync(log))]),
      tlsrep(['parse', '-'], log),
      tlsrep(['parse', '-'], gzipSync(log)),
      shell(`TLSREP parse <(cat ${fileOf(log)})`),
      shell(`TLSREP parse - < ${fileOf(log)}`),
    ])
    const nameless = ({ stdout }: Result): string => stdout.replace(/"source_name":"[^"]*"/g, '')
    expect(eventsIn(plain?.stdout ?? '')).toHaveLength(2000)
    for (const other of others) {
      expect(other.code).toBe(0)
      expect(nameless(other) === nameless(plain ?? other)).toBe(true)
    }
  })

  it('reads several files as one log: a session may begin in one and end in the next', async () => {
    const log = session(1)
    const cut = log.indexOf('\n') + 1
    const { stdout } = await tlsrep(['parse', fileOf(log.slice(0, cut)), fileOf(log.slice(cut))])
    expect(eventsIn(stdout)).toMatchObject([{ outcome: 'negotiated', truncated: false }])
  })

  it('says when files were given newest first', async () => {
    const older = fileOf(session(1))
    const { code, stderr } = await tlsrep(['parse', fileOf(session(100)), older])
    expect(code).toBe(0)
    expect(stderr).toContain(`${older} is older than`)
  })

  it('exits 0 with dead letters, and says where they are without saying what they say', async () => {
    const { code, stderr } = await tlsrep([
      'parse',
      fileOf(`secret text 12\n${session(1)}\u0000binary\n${'x'.repeat(1 << 20)}\n`),
    ])
    expect(code).toBe(0)
    expect(stderr).toContain('6 read = 3 joined + 0 ignored + 3 dead')
    expect(stderr).toContain('at byte 0: aaaaaa aaaa 99')
    expect(stderr).not.toContain('secret')
  })

  it('reads CRLF and a last line without its end', async () => {
    const { stdout, stderr } = await tlsrep(['parse', fileOf(session(1).replaceAll('\n', '\r\n').trimEnd())])
    expect(eventsIn(stdout)).toHaveLength(1)
    expect(stderr).toContain('3 read = 3 joined')
  })

  it('reads an empty file as no event, and exits 0', async () => {
    const { code, stdout, stderr } = await tlsrep(['parse', fileOf('')])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('0 read = 0 joined')
  })

  it('says so when the log is of no mail server that it reads', async () => {
    const { code, stderr } = await tlsrep(['parse', fileOf('2026-03-02T10:00:00Z mx1 cron[7]: tick\n')])
    expect(code).toBe(0)
    expect(stderr).toContain('No session found')
  })

  it('goes on after a file that cannot be opened, and exits 2', async () => {
    const missing = join(directory, 'missing.log')
    const { code, stdout, stderr } = await tlsrep(['parse', missing, directory, fileOf(session(1))])
    expect(code).toBe(2)
    expect(stderr).toContain(`tlsrep: ${missing}: there is no such file`)
    expect(stderr).toContain('is a directory')
    expect(eventsIn(stdout)).toHaveLength(1)
  })

  it('delivers what comes before a damage, and exits 1', async () => {
    const whole = gzipSync(sessions(5000))
    const { code, stdout, stderr } = await tlsrep(['parse', fileOf(whole.subarray(0, whole.length >> 1))])
    expect(code).toBe(1)
    expect(eventsIn(stdout).length).toBeGreaterThan(1000)
    expect(stderr).toContain('end in the middle')
  })

  it('prints the account as one line of JSON with --json', async () => {
    const missing = join(directory, 'missing.log')
    const { code, stderr } = await tlsrep(['parse', '--json', missing, fileOf(session(1))])
    expect(code).toBe(2)
    expect(stderr.trimEnd()).not.toContain('\n')
    expect(JSON.parse(stderr)).toMatchObject({
      lines: { read: 3, joined: 3 },
      sessions: { opened: 1, emitted: 1, open: 0, handed_over: 0 },
      balanced: { lines: true, sessions: true },
      errors: [{ code: 'not_found', source: missing }],
      notes: [],
    })
  })

  it('prints tables instead of events with --table, and the same as JSON with --json', async () => {
    const path = fileOf(sessions(3))
    const tables = await tlsrep(['parse', '--table', path])
    expect(tables.stdout).toContain('Inbound: 3 sessions')
    expect(tables.stdout).toMatch(/negotiated +TLSv1_3 +3 +100\.0 %/)
    const json = await tlsrep(['parse', '--table', '--json', path])
    expect(JSON.parse(json.stdout)).toMatchObject({ outcomes: [{ outcome: 'negotiated', sessions: 3, share: 1 }] })
  })

  it('takes zone, year and collector from the options', async () => {
    const log = session(1).replaceAll(/^\S+/gm, 'Mar  2 10:00:01')
    const { stdout } = await tlsrep([
      'parse',
      '--tz',
      'mx1=Europe/Berlin',
      '--year',
      '2025',
      '--collector',
      'c1',
      fileOf(log),
    ])
    expect(eventsIn(stdout)).toMatchObject([{ observed_at: '2025-03-02T09:00:01.000Z', collector: 'c1' }])
  })

  it('ends quietly and with 0 when its reader has enough', async () => {
    const { code, stdout, stderr } = await shell(`set -o pipefail; TLSREP parse ${fileOf(sessions(20_000))} | head -1`)
    expect(code).toBe(0)
    expect(eventsIn(stdout)).toHaveLength(1)
    expect(stderr).toBe('')
  })

  it('prints the account so far when it is interrupted, and exits 130', async () => {
    const child = spawn(process.execPath, [BIN, 'parse', '-'], { env: process.env })
    const result = resultOf(child)
    child.stdin.write(session(1) + session(2).split('\n')[0])
    child.stdout.once('data', () => child.kill('SIGINT'))
    const { code, stdout, stderr } = await result
    expect(code).toBe(130)
    expect(eventsIn(stdout)).toHaveLength(1)
    expect(stderr).toContain('interrupted')
    expect(stderr).toContain('3 read = 3 joined')
  })

  it('reads a log that is still being written up to where it is', async () => {
    const path = fileOf(session(1))
    appendFileSync(path, session(2).slice(0, 40))
    const { code, stderr } = await tlsrep(['parse', path])
    expect(code).toBe(0)
    expect(stderr).toContain('4 read = 3 joined')
  })
})

describe('wrong use', () => {
  it.each([
    [['prase', 'x'], 'Did you mean parse?'],
    [['parse', '--tabel', 'x'], 'Did you mean --table?'],
    [['parse'], 'tlsrep parse /var/log/mail.log'],
    [['parse', '--mta', 'exchange', 'x'], 'Allowed choices are auto, postfix'],
    [['parse', '--tz', 'Europe/Berln', 'x'], 'Did you mean Europe/Berlin?'],
    [['parse', '--year', '25', 'x'], '--year 2025'],
    [['schema', 'Negotiation'], 'TlsNegotiation'],
    [[], 'Examples:'],
  ])('%j exits 2 and says what to write', async (args, advice) => {
    const { code, stdout, stderr } = await tlsrep(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(advice)
  })
})

describe('help', () => {
  it.each([[['--help']], [['parse', '--help']], [['schema', '--help']]])(
    '%j shows an example, on stdout, within 80 columns',
    async (args) => {
      const { code, stdout } = await tlsrep(args)
      expect(code).toBe(0)
      expect(stdout).toContain('Examples:')
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    },
  )

  it('prints the version', async () => {
    expect(await tlsrep(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

describe('tlsrep schema', () => {
  it('prints a schema that any Avro tool reads', async () => {
    const { code, stdout } = await tlsrep(['schema', 'tlsnegotiation'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ type: 'record', name: 'TlsNegotiation' })
  })

  it('lists the records with what they are', async () => {
    const { stdout } = await tlsrep(['schema', '--list'])
    expect(stdout).toMatch(/^TlsNegotiation +What TLS did/m)
    expect(eventsIn((await tlsrep(['schema', '--json'])).stdout)).toContainEqual(
      expect.objectContaining({ name: 'TlsNegotiation' }),
    )
  })
})
