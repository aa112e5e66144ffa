import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseLog } from '../parse-log.ts'
import { mailHostAvailable } from './availability.ts'
import { startCommand } from './command.ts'
import { removeAbandoned } from './leftovers.ts'
import { type MailHost, startMailHost } from './mail-host.ts'
import { mailsTaken, replyTo } from './smtp/job.ts'
import { until } from './until.ts'

const unavailable = mailHostAvailable()

/** Starts a host, and something in its network, and then waits to be killed. */
const HOLDER = `
  import { startMailHost } from ${JSON.stringify(new URL('mail-host.ts', import.meta.url).href)}
  const host = await startMailHost()
  host.spawn(['tail', '-f', host.logFile])
  console.log(host.directory)
  setInterval(() => {}, 1000)`

/** Command lines of all processes of the machine that have this text in them. */
function commandLinesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .filter((line) => line.includes(text))
}

function commandLine(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ')
  } catch {
    // Ended since it was listed.
    return ''
  }
}

describe.skipIf(unavailable !== null)(`a mail host${unavailable === null ? '' : ` (${unavailable})`}`, () => {
  let host: MailHost
  beforeAll(async () => {
    host = await startMailHost({ names: { '203.0.113.5': 'mail.clear.example' }, env: { TZ: 'UTC' } })
  }, 300_000)
  afterAll(() => host?.stop())

  it('leaves lines of a session under STARTTLS and of one in clear that parse as such', async () => {
    const secured = await host.sendMail({ from: '198.51.100.7', tls: 'starttls' })
    expect(secured).toMatchObject({ tls: { version: 'TLSv1.3' }, error: null })
    const clear = await host.sendMail({ from: '203.0.113.5', tls: 'none', mails: 2, helo: 'mail.clear.example' })
    expect(clear).toMatchObject({ tls: null, error: null })
    expect([mailsTaken(secured), mailsTaken(clear)]).toEqual([1, 2])

    await until('both sessions are in the log', () => host.log().match(/: disconnect from /g)?.length === 2, {
      timeout: 10_000,
    })
    const { events } = await parseLog(host.log(), { notAfter: Date.now() })
    expect(events).toMatchObject([
      { outcome: 'negotiated', tls_version: 'TLSv1_3', peer_name: null, mails_accepted: 1, host: 'mx1' },
      { outcome: 'plaintext', fault: 'peer', peer_name: 'mail.clear.example', mails_plaintext: 2 },
    ])
  })

  it('hands over what was delivered, with its headers', async () => {
    await host.sendMail({ from: '198.51.100.8', tls: 'starttls', subject: 'Handed over' })
    // Mail of the test before may be delivered meanwhile.
    const handedOver = () => host.received().find((mail) => mail.header('subject').includes('Handed over'))
    const mail = await until('the message is delivered', handedOver, { timeout: 10_000 })
    expect(mail.header('subject')).toEqual(['Handed over'])
    expect(mail.header('received')).toEqual([expect.stringContaining('using TLSv1.3 with cipher')])
  })

  it('tells a handshake that the peer spoiled from a refusal of the server', async () => {
    const spoiled = await host.sendMail({ from: '203.0.113.6', tls: 'starttls', handshake: 'garbage' })
    expect(spoiled).toMatchObject({ tls: null, error: expect.any(String) })
    const refused = await host.sendMail({ from: '203.0.113.6', tls: 'none', rcptTo: 'who@elsewhere.example' })
    expect(replyTo(refused, 'RCPT')).toMatchObject({ code: 454 })
    expect(refused.error).toBeNull()
  })

  it('runs commands among its own files, and commands of the machine in its network', async () => {
    expect((await host.run('postconf', '-h', 'myhostname')).stdout).toBe('mx1.example.org\n')
    expect((await host.exec(['ip', '-o', 'link'])).stdout).toMatch(/^1: lo:.*\n$/)
    expect((await host.exec(['sh', '-c', 'command -v postfix'])).code).not.toBe(0)
  })

  it('leaves no process behind when its own is killed, and after the next start no file, beside a host that goes on', async () => {
    const holder = startCommand([process.execPath, '--input-type=module', '-e', HOLDER])
    if (holder.stdout === null) throw new Error('no standard output')
    const [printed] = await once(holder.stdout, 'data')
    const directory = String(printed).trim()
    // The shell of a new process has another command line until it has become `tail`.
    const tails = () => commandLinesWith(directory).filter((line) => line.startsWith('tail '))
    await until('the log is followed', () => tails().length === 1, { timeout: 10_000 })
    expect(commandLinesWith(directory).length).toBeGreaterThan(1)

    const ended = once(holder, 'exit')
    holder.kill('SIGKILL')
    // Until it is reaped it still has its pid.
    await ended
    await until('its processes are gone', () => commandLinesWith(directory).length === 0, { timeout: 10_000 })
    removeAbandoned()
    expect(existsSync(directory)).toBe(false)
    expect(await host.sendMail({ from: '198.51.100.9', tls: 'none' })).toMatchObject({ error: null })
  })
})
