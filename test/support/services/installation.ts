import { rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClickHouseChild, startClickHouseChild } from '@tlsrep/platform/clickhouse/child'
import { type ClickHouse, openClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { silentLogger } from '../clickhouse.ts'
import { type KafkaBroker, type KafkaBrokerOptions, startKafka } from '../kafka/kafka.ts'
import { runCommand } from '../mail-host/command.ts'
import { freePorts } from '../ports.ts'
import { BIN } from '../tlsrep-command.ts'
import { type ServiceCommand, ServiceProcess } from './service-process.ts'

export interface InstallationOptions {
  /** Logs that collectors read, one input each. */
  logs: readonly string[]
  /** Of `tls.negotiations`; default 16. */
  partitions?: number
  broker?: KafkaBrokerOptions
  /** Where services find ClickHouse, instead of where it is: for something in between. */
  clickhouseUrl?: (url: string) => string
  /** With `clickhouseUrl`: tables are made on the straight way, since what is in between may not be there yet. */
  migrateDirectly?: boolean
  collector?: { batch?: { events?: number; wait?: string } }
  publisher?: { mode: string; cap: string }
}

const DATABASE = 'tlsrep'
const KEPT = '3650d'
const PASSWORD_FILE = 'clickhouse-password'

/**
 * The distributed shape on this machine: one broker, one ClickHouse server, topics and tables made by `tlsrep migrate`, and as many
 * services as a test starts, each with a configuration, a data directory and ports of its own.
 */
export class Installation {
  readonly directory: string
  readonly broker: KafkaBroker
  readonly server: ClickHouseChild
  /** To the services' database. */
  readonly clickhouse: ClickHouse
  readonly services: ServiceProcess[] = []
  readonly #options: InstallationOptions

  private constructor(directory: string, broker: KafkaBroker, server: ClickHouseChild, options: InstallationOptions) {
    this.directory = directory
    this.broker = broker
    this.server = server
    this.#options = options
    const { url, username, password } = server
    this.clickhouse = openClickHouse({ url, username, password, database: DATABASE })
  }

  static async start(options: InstallationOptions): Promise<Installation> {
    const directory = await mkdtemp(join(tmpdir(), 'tlsrep-services-'))
    const [httpPort = 0] = await freePorts(1)
    const dataDir = join(directory, 'clickhouse')
    const [broker, server] = await Promise.all([
      startKafka(options.broker),
      startClickHouseChild({ dataDir, httpPort, tcpPort: null, logger: silentLogger }),
    ])
    writeFileSync(join(directory, PASSWORD_FILE), server.password, { mode: 0o600 })
    const installation = new Installation(directory, broker, server, options)
    await installation.migrate()
    return installation
  }

  /** `tlsrep migrate`, again too. */
  async migrate(): Promise<string> {
    const { configFile } = await this.#configure('migrate', {}, this.#options.migrateDirectly === true)
    const result = await runCommand([process.execPath, BIN, 'migrate', '--config', configFile])
    if (result.code !== 0) throw new Error(`tlsrep migrate ended with ${result.code}:\n${result.stderr}`)
    return result.stdout
  }

  /** A service that is not started yet. @param name of its directory, and of a collector in what it writes */
  async service(command: ServiceCommand, name: string, changes: object = {}): Promise<ServiceProcess> {
    const configured = await this.#configure(name, changes)
    const service = new ServiceProcess({ command, cwd: this.directory, ...configured })
    this.services.push(service)
    return service
  }

  /** Starts services and waits until all of them are ready. */
  async run(...wanted: readonly (readonly [ServiceCommand, string])[]): Promise<ServiceProcess[]> {
    const services = await Promise.all(wanted.map(([command, name]) => this.service(command, name)))
    await Promise.all(services.map((service) => service.start()))
    return services
  }

  /** Ends whatever runs, and removes everything. */
  async dispose(): Promise<void> {
    await Promise.all(this.services.map((service) => service.kill()))
    await this.clickhouse.close()
    await Promise.all([this.server.stop(), this.broker.close()])
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  /** JSON is YAML. One HTTP port stands for all roles: a process has one role. */
  async #configure(
    name: string,
    changes: object,
    isDirect = false,
  ): Promise<{ configFile: string; port: number; dnsblPort: number }> {
    const { logs, partitions = 16, collector, publisher, clickhouseUrl = (url: string) => url } = this.#options
    const [port = 0, dnsblPort = 0, policy = 0] = await freePorts(3)
    const listen = `127.0.0.1:${port}`
    const configFile = join(this.directory, `${name}.yaml`)
    const config = {
      data: join(this.directory, `data-${name}`),
      collector: { name, ...collector, inputs: logs.map((log) => ({ log, timezone: 'UTC' })) },
      kafka: { brokers: this.broker.brokers, partitions },
      clickhouse: {
        url: isDirect ? this.server.url : clickhouseUrl(this.server.url),
        user: this.server.username,
        password_file: join(this.directory, PASSWORD_FILE),
        database: DATABASE,
        // The sets of the corpus stay as old as they are.
        retention: { events: KEPT, evidence: KEPT, hourly: KEPT, dead_letters: KEPT },
      },
      publisher: {
        ...publisher,
        gate: { enabled: false },
        outputs: { dnsbl: { listen: `127.0.0.1:${dnsblPort}` }, policy_service: { listen: `127.0.0.1:${policy}` } },
      },
      http: { collector: listen, scorer: listen, publisher: listen },
      log: { format: 'json' },
      ...changes,
    }
    writeFileSync(configFile, JSON.stringify(config))
    return { configFile, port, dnsblPort }
  }
}
