import type { BrokerFiles } from './broker-files.ts'

/** One node that is broker and controller, on loopback, with everything that waits for others turned off. */
export function serverProperties(
  files: BrokerFiles,
  settings: Readonly<Record<string, string>>,
  secure: Readonly<Record<string, string>>,
): string {
  const { plain, controller, behindProxy, proxy, secure: securePort, mutual } = files.ports
  const isSecure = Object.keys(secure).length > 0
  const listeners = [`PLAINTEXT://127.0.0.1:${plain}`, `PROXIED://127.0.0.1:${behindProxy}`]
  const advertised = [`PLAINTEXT://127.0.0.1:${plain}`, `PROXIED://127.0.0.1:${proxy}`]
  if (isSecure) {
    const both = [`SECURE://127.0.0.1:${securePort}`, `MUTUAL://127.0.0.1:${mutual}`]
    listeners.push(...both)
    advertised.push(...both)
  }
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controller}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': files.data,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'num.network.threads': '2',
    'num.io.threads': '2',
    'log.cleaner.backoff.ms': '300',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
    // After a kill the next start waits until the controller has given up on the old registration.
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '300',
    ...secure,
    ...settings,
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

export const LOG4J_PROPERTIES = `status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`
