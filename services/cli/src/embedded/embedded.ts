import { join } from 'node:path'
import type { Collector } from '@tlsrep/collector/main'
import type { Policy } from '@tlsrep/core/policy/policy'
import { ClickHouseUnavailable, throughOutages } from '@tlsrep/platform/clickhouse/unavailable'
import type { Config, InputConfig } from '@tlsrep/platform/config/config'
import { type DataDir, openDataDir } from '@tlsrep/platform/data-dir/data-dir'
import { ClickHouseTopicStore } from '@tlsrep/platform/event-log/clickhouse-topics'
import { InProcessEventLog } from '@tlsrep/platform/event-log/in-process'
import { createHttpServer, type HttpServer } from '@tlsrep/platform/http/http-server'
import type { Actor, Lifecycle } from '@tlsrep/platform/lifecycle/lifecycle'
import { createRegistry } from '@tlsrep/platform/metrics/metrics'
import { registerGate } from '@tlsrep/publisher/http/gate'
import { registerOverrides } from '@tlsrep/publisher/http/overrides'
import { registerFeed } from '@tlsrep/publisher/outputs/feed/feed'
import type { Publisher } from '@tlsrep/publisher/publisher'
import { createScorer, type Scorer } from '@tlsrep/scorer/scorer'
import type { Logger } from 'pino'
import { bracketed } from '../access/http-base.ts'
import { type ReachedClickHouse, reachClickHouse } from '../wiring/clickhouse.ts'
import { collectorOf } from '../wiring/collector.ts'
import { exposeRooms } from '../wiring/metrics.ts'
import { type Outputs, openOutputs } from '../wiring/outputs.ts'
import { publisherOf } from '../wiring/publisher.ts'
import { runScorer } from '../wiring/scorer-loop.ts'
import { prepareTables } from '../wiring/tables.ts'

export interface EmbeddedOptions {
  config: Config
  /** The file that the configuration came from; null where the defaults hold. */
  configFile: string | null
  policy: Policy
  /** Asked once the data directory is ours. */
  inputs: () => readonly InputConfig[]
  logger: Logger
  version: string
  now: () => number
}

/** What runs, once it runs. */
export interface Running {
  clickhouse: ReachedClickHouse
  outputs: Outputs
  publisher: Publisher
  scorer: Scorer
  collector: Collector
  http: HttpServer
  httpAddress: { host: string; port: number }
}

const POOLS_MS = 15_000

/**
 * The embedded shape: all services in one process, as actors in the order in which data needs them. Inputs come last, so that nothing is
 * read before it can be stored, scored and published; they stop first.
 */
export class Embedded {
  readonly actors: readonly Actor[]
  readonly #options: EmbeddedOptions
  readonly #lifecycle: Pick<Lifecycle, 'check'>
  readonly #running: Partial<Running> = {}
  #dataDir: DataDir | undefined
  #eventLog: InProcessEventLog | undefined
  /** Aborted when ClickHouse is no longer waited for. */
  readonly #patience = new AbortController()

  constructor(options: EmbeddedOptions, lifecycle: Pick<Lifecycle, 'check'>) {
    this.#options = options
    this.#lifecycle = lifecycle
    this.actors = [
      { name: 'data directory', start: () => this.#openDataDir(), stop: async () => this.#dataDir?.release() },
      {
        name: 'clickhouse',
        start: ({ signal }) => this.#startClickHouse(signal),
        stop: async () => this.#running.clickhouse?.close(),
        stopTimeoutMs: POOLS_MS,
      },
      { name: 'event log', start: () => this.#openEventLog(), stop: async () => this.#closeEventLog() },
      { name: 'publisher', start: ({ fail }) => this.#startPublisher(fail), stop: () => this.#stopPublisher() },
      this.#scorerActor(),
      { name: 'http', start: () => this.#startHttp(), stop: async () => this.#running.http?.close() },
      this.#collectorActor(),
      { name: 'announcement', start: () => this.#announce(), stop: async () => {} },
    ]
  }

  /** Only after all actors have started. */
  get running(): Running {
    return this.#running as Running
  }

  async #openDataDir(): Promise<void> {
    const { config, logger, now } = this.#options
    this.#dataDir = await openDataDir(config.data, { now })
    for (const warning of this.#dataDir.warnings) logger.warn({}, warning)
  }

  async #startClickHouse(signal: AbortSignal): Promise<void> {
    const logger = this.#options.logger.child({ component: 'clickhouse' })
    const reached = await reachClickHouse(this.#options.config, logger)
    this.#running.clickhouse = reached
    try {
      // The operator's own server may come up later than this.
      const prepare = () => prepareTables(reached.clickhouse, this.#options.config, logger)
      await throughOutages(prepare, { what: 'preparing the tables', logger, signal })
    } catch (error) {
      // Stopped meanwhile: the server was taken away, and the next start goes on with the tables.
      if (!signal.aborted) throw error
    }
  }

  async #openEventLog(): Promise<void> {
    const { logger, now } = this.#options
    const { clickhouse } = this.running.clickhouse
    const store = new ClickHouseTopicStore({
      clickhouse,
      now,
      signal: this.#patience.signal,
      logger: logger.child({ component: 'event_log' }),
    })
    this.#eventLog = new InProcessEventLog({ store, now })
  }

  async #closeEventLog(): Promise<void> {
    this.#patience.abort()
    await this.#eventLog?.close()
  }

  async #startPublisher(fail: (error: unknown) => void): Promise<void> {
    const { config, policy, logger, now } = this.#options
    const outputs = await openOutputs(config, logger, now)
    this.#running.outputs = outputs
    const publisher = publisherOf(config, policy, {
      log: this.#log,
      outputs,
      stateFile: join(config.data, 'publisher.json'),
      logger: logger.child({ component: 'publisher' }),
      now,
    })
    this.#running.publisher = publisher
    await publisher.start()
    publisher.done.catch(fail)
  }

  async #stopPublisher(): Promise<void> {
    const { publisher, outputs } = this.#running
    if (publisher !== undefined) await publisher.close()
    else await Promise.allSettled((outputs?.all ?? []).map((output) => output.close()))
  }

  #scorerActor(): Actor {
    const stop = new AbortController()
    let run: Promise<void> = Promise.resolve()
    return {
      name: 'scorer',
      start: async ({ fail }) => {
        const { policy, logger, now } = this.#options
        const scorer = createScorer({
          clickhouse: this.running.clickhouse.clickhouse,
          log: this.#log,
          policy,
          service: 'scorer',
          now,
          signal: stop.signal,
          logger: logger.child({ component: 'scorer' }),
        })
        this.#running.scorer = scorer
        await scorer.recover()
        run = runScorer(scorer, this.#log, { group: 'scorer', whole: false }, now, stop.signal)
        run.catch(fail)
      },
      // What was under way while ClickHouse was away is given up; it is done again at the next start.
      stop: async () => {
        stop.abort()
        await run.catch(() => {})
      },
    }
  }

  async #startHttp(): Promise<void> {
    const { config, logger, version, now } = this.#options
    const { listen, tls, insecure, host_names: hostNames } = config.http
    const registry = createRegistry(version)
    const http = createHttpServer({ listen, tls, insecure, logger: logger.child({ component: 'http' }), registry })
    this.#running.http = http
    const { publisher, clickhouse } = this.running
    const log = logger.child({ component: 'publisher' })
    registerFeed(http.app, publisher, { now })
    registerOverrides(http.app, publisher, { log: this.#log, logger: log, now, hostNames })
    registerGate(http.app, publisher, { logger: log, hostNames })
    http.addCheck(this.#lifecycle.check)
    http.addCheck({ name: 'clickhouse', check: async () => ({ ok: await clickhouse.clickhouse.ping() }) })
    http.addCheck({ name: 'publisher', check: () => ({ ok: publisher.ready }) })
    exposeRooms(registry, this.#running)
    this.#running.httpAddress = await http.listen()
  }

  #collectorActor(): Actor {
    const stop = new AbortController()
    let run: Promise<void> = Promise.resolve()
    return {
      name: 'collector',
      start: async ({ fail }) => {
        const { config, inputs, logger, now } = this.#options
        const collector = collectorOf(config, inputs(), {
          eventLog: this.#log,
          inProcess: true,
          isOutage: (error) => error instanceof ClickHouseUnavailable,
          logger: logger.child({ component: 'collector' }),
          now,
        })
        this.#running.collector = collector
        run = collector.run(stop.signal)
        run.catch(fail)
      },
      stop: async () => {
        stop.abort()
        await run
      },
    }
  }

  async #announce(): Promise<void> {
    const { config, configFile, version, now } = this.#options
    const { outputs, clickhouse, httpAddress } = this.running
    const { dnsbl, policy_service } = config.publisher.outputs
    await this.#dataDir?.announce({
      pid: process.pid,
      version,
      started_at: now(),
      config: configFile,
      addresses: {
        http: { ...httpAddress, tls: config.http.tls !== undefined },
        dnsbl: outputs.dnsbl === null ? null : { host: dnsbl.listen.host, port: outputs.dnsbl.port },
        policy_service: outputs.policyService === null ? null : endpointText(policy_service.listen, outputs),
        clickhouse: clickhouse.url,
      },
    })
  }

  get #log(): InProcessEventLog {
    if (this.#eventLog === undefined) throw new Error('the event log is not open yet')
    return this.#eventLog
  }
}

function endpointText(listen: Config['publisher']['outputs']['policy_service']['listen'], outputs: Outputs): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`
  return `${bracketed(listen.host)}:${outputs.policyService?.ports[0] ?? listen.port}`
}
