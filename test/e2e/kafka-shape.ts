import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTestClickHouse } from '../support/clickhouse.ts'
import { startKafka } from '../support/kafka/kafka.ts'
import { mustSucceed, runCommand } from '../support/mail-host/command.ts'
import type { MailHost } from '../support/mail-host/mail-host.ts'
import { forward } from '../support/services/forward.ts'
import { BIN } from '../support/tlsrep-command.ts'
import type { Shape } from './shape.ts'

const FORWARD = fileURLToPath(new URL('../support/services/forward-run.ts', import.meta.url))

/**
 * `tlsrep collect`, `score` and `publish`, with a broker and a ClickHouse server outside of the mail host's network, which the services
 * reach under the same addresses from within.
 */
export async function kafkaShape(host: MailHost): Promise<Shape> {
  // A test may move the services' clock by months; the broker stays in the present, and would refuse what comes from the future.
  const settings = { 'log.message.timestamp.after.max.ms': '9223372036854775807' }
  const [broker, clickhouse] = await Promise.all([startKafka({ settings }), startTestClickHouse()])
  const { url, username, password } = clickhouse.child
  const passwordFile = join(host.directory, 'clickhouse-password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  const configuration = {
    data: join(host.directory, 'tlsrep-data'),
    kafka: { brokers: broker.brokers },
    clickhouse: { url, user: username, password_file: passwordFile },
  }
  const closePaths = await passOn(host, [...broker.brokers, new URL(url).host].map(portOf))
  const configFile = join(host.directory, 'migrate.yaml')
  writeFileSync(configFile, JSON.stringify(configuration))
  mustSucceed(await runCommand([process.execPath, BIN, 'migrate', '--config', configFile]))
  return {
    processes: [
      { command: 'score', readyUrl: 'http://127.0.0.1:8652/health/ready' },
      { command: 'publish', readyUrl: 'http://127.0.0.1:8653/health/ready' },
      { command: 'collect', readyUrl: 'http://127.0.0.1:8651/health/ready' },
    ],
    settings: configuration,
    async close() {
      await closePaths()
      await Promise.all([broker.close(), clickhouse.stop()])
    },
  }
}

/** Makes these ports of the machine's loopback ports of the mail host's. Networks are apart, files are not: sockets in between are files. */
async function passOn(host: MailHost, ports: readonly number[]): Promise<() => Promise<void>> {
  const paths = ports.map((port) => ({ port, path: join(host.directory, `port-${port}`) }))
  const closers = await Promise.all(paths.map(({ port, path }) => forward(path, port)))
  const argv = paths.map(({ port, path }) => `${port}=${path}`)
  const child = host.spawn([process.execPath, FORWARD, ...argv])
  if (child.stdout === null) throw new Error('no output')
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`ports cannot be passed on: ended with ${code}`)
  })
  failed.catch(() => {})
  await Promise.race([once(child.stdout, 'data'), failed])
  return async () => {
    child.kill()
    await Promise.all(closers.map((close) => close()))
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
