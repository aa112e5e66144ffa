import { GenericContainer, type StartedTestContainer } from 'testcontainers'
import { freePorts } from '../ports.ts'
import { run } from './command.ts'
import type { KafkaBroker } from './kafka.ts'
import { untilAnswering } from './ready.ts'
import { KAFKA_IMAGE } from './versions.ts'

const PULL_MS = 180_000
let reason: Promise<string | null> | undefined

/** Asked once a process: a pull that fails takes its time. */
export function containerUnavailable(): Promise<string | null> {
  reason ??= ask()
  return reason
}

async function ask(): Promise<string | null> {
  const info = await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 15_000 })
  if (info.status !== 0) return 'Docker does not run here'
  const image = await run('docker', ['image', 'inspect', KAFKA_IMAGE], { timeout: 15_000 })
  if (image.status === 0) return null
  const pull = await run('docker', ['pull', '--quiet', KAFKA_IMAGE], { timeout: PULL_MS })
  return pull.status === 0 ? null : `${KAFKA_IMAGE} cannot be pulled: ${pull.text.slice(-200)}`
}

/** The official image: every `KAFKA_X_Y` is the setting `x.y`. The port is fixed, because a broker has to advertise it. */
export async function startContainerBroker(): Promise<KafkaBroker> {
  const [port = 0] = await freePorts(1)
  const container = await new GenericContainer(KAFKA_IMAGE)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '4',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_LOG_CLEANER_BACKOFF_MS: '300',
      KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS: '500',
      KAFKA_BROKER_SESSION_TIMEOUT_MS: '1500',
      KAFKA_BROKER_HEARTBEAT_INTERVAL_MS: '300',
    })
    .withStartupTimeout(PULL_MS)
    .start()
  const broker = new ContainerBroker(container, port)
  await untilAnswering(broker.brokers).catch(async (error: unknown) => {
    await broker.close()
    throw error
  })
  return broker
}

class ContainerBroker implements KafkaBroker {
  readonly provider = 'container'
  readonly brokers: string[]
  readonly secureBrokers: string[] = []
  readonly mutualBrokers: string[] = []
  readonly client = { key: '', certificate: '' }
  readonly certificate = ''
  readonly proxyPort = 0
  readonly behindProxyPort = 0
  readonly #container: StartedTestContainer

  constructor(container: StartedTestContainer, port: number) {
    this.#container = container
    this.brokers = [`127.0.0.1:${port}`]
  }

  kill(): Promise<void> {
    return this.#docker('kill', '--signal', 'KILL')
  }

  stop(): Promise<void> {
    return this.#docker('stop', '--time', '15')
  }

  async start(): Promise<void> {
    await this.#docker('start')
    await untilAnswering(this.brokers)
  }

  freeze(): void {
    void this.#docker('pause')
  }

  thaw(): void {
    void this.#docker('unpause')
  }

  async close(): Promise<void> {
    await this.#container.stop({ timeout: 1000, remove: true, removeVolumes: true })
  }

  async #docker(...command: string[]): Promise<void> {
    const { status, text } = await run('docker', [...command, this.#container.getId()], { timeout: 60_000 })
    if (status !== 0) throw new Error(`docker ${command[0]}: ${text}`)
  }
}
