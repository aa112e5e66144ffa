import type { Config } from '@tlsrep/platform/config/config'
import type { KafkaEventLog } from '@tlsrep/platform/event-log/kafka/kafka-event-log'
import type { HealthCheck } from '@tlsrep/platform/http/health'
import { createHttpServer, type HttpServer } from '@tlsrep/platform/http/http-server'
import type { Actor, Lifecycle } from '@tlsrep/platform/lifecycle/lifecycle'
import { createRegistry } from '@tlsrep/platform/metrics/metrics'
import type { Logger } from 'pino'
import { openKafka } from '../wiring/kafka.ts'
import { exposeRooms, type Rooms } from '../wiring/metrics.ts'
import { exposeEventLog } from './event-log-metrics.ts'

export interface ServiceOptions {
  config: Config
  logger: Logger
  version: string
  now: () => number
  lifecycle: Pick<Lifecycle, 'check'>
}

/** What every service of the distributed shape has: Kafka below, health and metrics above. */
export class ServiceFrame {
  readonly options: ServiceOptions
  readonly rooms: Rooms = {}
  #eventLog: KafkaEventLog | undefined
  #http: HttpServer | undefined

  constructor(options: ServiceOptions) {
    this.options = options
  }

  get eventLog(): KafkaEventLog {
    if (this.#eventLog === undefined) throw new Error('the event log is not open yet')
    return this.#eventLog
  }

  logger(component: string): Logger {
    return this.options.logger.child({ component })
  }

  /** @param transactionalId the collector's configured name; null where no checkpoints are written */
  kafka(transactionalId: string | null): Actor {
    const { config, logger, now } = this.options
    return {
      name: 'event log',
      start: async () => {
        this.#eventLog = await openKafka(config, transactionalId, logger, now)
      },
      stop: async () => this.#eventLog?.close(),
    }
  }

  /** @param addRoutes registers what the service answers beside health and metrics, and adds its checks */
  http(listen: { host: string; port: number }, addRoutes: (http: HttpServer) => void): Actor {
    const { config, version, lifecycle } = this.options
    const { tls, insecure } = config.http
    return {
      name: 'http',
      start: async () => {
        const registry = createRegistry(version)
        const http = createHttpServer({ listen, tls, insecure, logger: this.logger('http'), registry })
        this.#http = http
        http.addCheck(lifecycle.check)
        addRoutes(http)
        if (config.kafka?.schema_registry !== undefined) http.addCheck(registryCheck(this.eventLog))
        exposeRooms(registry, this.rooms)
        exposeEventLog(registry, this.eventLog)
        const address = await http.listen()
        this.options.logger.info({ host: address.host, port: address.port }, 'health and metrics')
      },
      stop: async () => this.#http?.close(),
    }
  }
}

/** What a registry that is away holds up is asked for again and again: it is told here that it is. */
function registryCheck(eventLog: Pick<KafkaEventLog, 'registryOutage'>): HealthCheck {
  return {
    name: 'schema registry',
    check: async () => {
      const outage = await eventLog.registryOutage()
      return { ok: outage === null, detail: outage ?? 'not away' }
    },
  }
}

/** An actor around something that runs until it is told to stop. */
export function running(
  name: string,
  run: (signal: AbortSignal) => Promise<void>,
  afterStop: (error: unknown) => void = () => {},
): Actor {
  const stop = new AbortController()
  let done: Promise<void> = Promise.resolve()
  return {
    name,
    start: async ({ fail }) => {
      done = run(stop.signal)
      done.catch(fail)
    },
    stop: async () => {
      stop.abort()
      await done.catch(afterStop)
    },
  }
}
