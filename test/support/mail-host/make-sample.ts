// Writes the bundled sample log anew: a real Postfix, three minutes of mail from some forty peers. Needs root and apt, as
// mail-host does.
//   node test/support/mail-host/make-sample.ts
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { mustSucceed } from './command.ts'
import { type MailHost, startMailHost } from './mail-host.ts'
import { MX_ADDRESS, MX_ADDRESS_V6 } from './postfix-config.ts'
import { PARTNERS, SAMPLE_NAMES, sampleTurns, type Turn } from './sample-cast.ts'
import type { SinkListener } from './smtp/sink.ts'

const TARGET = fileURLToPath(new URL('../../../services/collector/sample/mail.log', import.meta.url))
const SINK = fileURLToPath(new URL('smtp/sink.ts', import.meta.url))

const routes = PARTNERS.map(({ domain, name }) => `{ ${domain} = smtp:[${name}] }`)
const host = await startMailHost({
  mainCf: {
    inet_interfaces: `${MX_ADDRESS}, ${MX_ADDRESS_V6}, 127.0.0.1`,
    transport_maps: `inline:{ ${routes.join(', ')} }`,
    // One of the peers knows nothing newer.
    smtpd_tls_protocols: '>=TLSv1',
    tls_medium_cipherlist: 'ALL:@SECLEVEL=0',
    // Postfix gives up TLS with a broken server when a message has waited this long; five minutes by default.
    minimal_backoff_time: '20s',
    queue_run_delay: '20s',
  },
  masterCf: [`[${MX_ADDRESS_V6}]:smtp inet n - n - - smtpd`],
  names: SAMPLE_NAMES,
  env: { TZ: 'UTC' },
})
try {
  await startPartners(host)
  const turns = sampleTurns({ v4: MX_ADDRESS, v6: MX_ADDRESS_V6 })
  await Promise.all([...turns.map((turn) => play(host, turn)), writeToPartners(host)])
  // The last deliveries are logged a moment after their sessions.
  await sleep(3000)
  await host.run('postfix', 'stop')
  writeFileSync(TARGET, host.log(), 'latin1')
} finally {
  await host.stop()
}

async function startPartners(mailHost: MailHost): Promise<void> {
  const tls = join(mailHost.directory, 'upper/etc/postfix/tls')
  const listeners: SinkListener[] = PARTNERS.map(({ address, name, starttls }) => ({
    address,
    name,
    starttls,
    keyFile: join(tls, 'mx.key'),
    certFile: join(tls, 'mx.crt'),
  }))
  const sink = mailHost.spawn([process.execPath, SINK, JSON.stringify(listeners)])
  if (sink.stdout !== null) await once(sink.stdout, 'data')
}

async function play(mailHost: MailHost, turn: Turn): Promise<void> {
  await sleep(turn.at)
  for (const job of turn.jobs) await mailHost.sendMail(job)
}

async function writeToPartners(mailHost: MailHost): Promise<void> {
  for (const { domain } of PARTNERS) {
    await sleep(15_000)
    const submit = `printf 'Subject: Hello\\n\\nHello\\n' | sendmail -f office@example.org friend@${domain}`
    mustSucceed(await mailHost.run('sh', '-c', submit))
  }
}
