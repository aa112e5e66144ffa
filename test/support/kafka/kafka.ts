import type { KeyPair } from './certificate.ts'
import { containerUnavailable, startContainerBroker } from './container-broker.ts'
import { jarsUnavailable, startJarsBroker } from './jars-broker.ts'

export interface KafkaBroker {
  readonly provider: 'container' | 'jars'
  /** Where clients connect, `host:port`. */
  readonly brokers: string[]
  /** TLS and SASL on it, where asked for; see `secure.ts` for user and certificate. */
  readonly secureBrokers: string[]
  /** TLS that asks for the certificate of `client`, where asked for. */
  readonly mutualBrokers: string[]
  readonly client: KeyPair
  /** In PEM, of its TLS. */
  readonly certificate: string
  /** Advertises `proxyPort` of 127.0.0.1 and listens on `behindProxyPort`, where asked for. */
  readonly proxyPort: number
  readonly behindProxyPort: number
  /** SIGKILL. The data stay. */
  kill(): Promise<void>
  /** SIGTERM, as at a shutdown. The data stay. */
  stop(): Promise<void>
  /** Starts it again on the same ports and data; resolves when it answers. */
  start(): Promise<void>
  /** Stops every instruction of it, and lets it go on: a broker that hangs. */
  freeze(): void
  thaw(): void
  /** Stops it and removes its files. */
  close(): Promise<void>
}

export interface KafkaBrokerOptions {
  secure?: boolean
  proxied?: boolean
  /** Broker settings over those of `server-properties.ts`. Only with `jars`. */
  settings?: Readonly<Record<string, string>>
}

const { TLSREP_TEST_KAFKA: WANTED } = process.env

/** Why no broker can be started on this machine, as half a sentence; null when one can. For `describe.skipIf`. */
export async function kafkaAvailable(): Promise<string | null> {
  const container = WANTED === 'jars' ? 'not wanted' : await containerUnavailable()
  if (container === null) return null
  const jars = await kafkaJarsAvailable()
  return jars === null ? null : `no Kafka broker: container: ${container}; jars: ${jars}`
}

/** The same for tests that need what only the broker out of jars has. */
export async function kafkaJarsAvailable(): Promise<string | null> {
  return WANTED === 'container' ? 'not wanted' : jarsUnavailable()
}

/** Starts one broker; call it once a suite. Rejects where `kafkaAvailable` says why. */
export async function startKafka(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const onlyJars = options.secure === true || options.proxied === true || options.settings !== undefined
  if (!onlyJars && WANTED !== 'jars' && (await containerUnavailable()) === null) return startContainerBroker()
  return startJarsBroker(options)
}
