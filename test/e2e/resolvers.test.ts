import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mailHostAvailable } from '../support/mail-host/availability.ts'
import { mustSucceed } from '../support/mail-host/command.ts'
import { type MailHost, startMailHost } from '../support/mail-host/mail-host.ts'
import { until } from '../support/mail-host/until.ts'
import { embeddedShape } from './shape.ts'
import { startAvailable, TlsrepProcess } from './tlsrep-process.ts'

const DNSBL_MD = readFileSync(new URL('../../docs/dnsbl.md', import.meta.url), 'utf8')
const LISTED = '203.0.113.5'
const SOON = { timeout: 10_000 }

/** The first block of code behind a line of docs/dnsbl.md. */
function blockAfter(line: string): string {
  const block = DNSBL_MD.slice(DNSBL_MD.indexOf(`\n${line}\n`)).match(/\n```\n(.*?)```\n/s)?.[1]
  if (block === undefined) throw new Error(`docs/dnsbl.md has no block behind "${line}"`)
  return block
}

/** What a program of the mail host is told by Node's own resolver, which sends the question to one server and nobody else. */
const ASK = `
  const resolver = new (require('node:dns').promises.Resolver)()
  resolver.setServers([process.argv[1]])
  resolver.resolve4(process.argv[2]).then((found) => console.log(found.join()), (error) => console.log(error.code))`

const unavailable = mailHostAvailable() ?? startAvailable()
const title = 'the DNSBL behind the resolvers of docs/dnsbl.md'
describe.skipIf(unavailable !== null)(unavailable === null ? title : `${title} (${unavailable})`, () => {
  let host: MailHost
  let tlsrep: TlsrepProcess

  beforeAll(async () => {
    host = await startMailHost()
    tlsrep = new TlsrepProcess(host, embeddedShape(host))
    await tlsrep.start({ mode: 'reject', cap: 'reject', dnsbl: '127.0.0.1:5354' })
    mustSucceed(await tlsrep.command('deny', LISTED, '--tier', 'reject', '--why', 'a test'))
    for (const [program, port, text] of [
      ['unbound', 5301, `server:\n    interface: 127.0.0.1\n    port: 5301\n    chroot: ""\n`],
      ['dnsmasq', 5302, 'listen-address=127.0.0.1\nbind-interfaces\nport=5302\nno-resolv\nstop-dns-rebind\n'],
    ] as const) {
      const file = join(host.directory, `${program}.conf`)
      writeFileSync(file, text + blockAfter(`${program}:`))
      const options = program === 'unbound' ? ['-c', file] : [`--conf-file=${file}`, '--user=root', '--pid-file=']
      mustSucceed(await host.run(program, ...options))
      await until(`${program} answers`, async () => (await ask(port, '2.0.0.127')) === '127.0.0.2', SOON)
    }
  }, 300_000)

  afterAll(async () => {
    await tlsrep?.stop()
    await host?.stop()
  })

  async function ask(port: number, labels: string): Promise<string> {
    const question = [`127.0.0.1:${port}`, `${labels}.bl.tlsrep.internal`]
    return mustSucceed(await host.exec([process.execPath, '-e', ASK, ...question])).trim()
  }

  it.each([
    ['unbound', 5301],
    ['dnsmasq', 5302],
  ])('%s hands on what the DNSBL says of a sender that is listed, and of one that is not', async (_name, port) => {
    const [a, b, c, d] = LISTED.split('.')
    expect(await ask(port, [d, c, b, a].join('.'))).toBe('127.0.0.6')
    expect(await ask(port, '99.113.0.203')).toBe('ENOTFOUND')
  })
})
