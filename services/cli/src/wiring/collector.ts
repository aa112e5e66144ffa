import { join } from 'node:path'
import { type Collector, createCollector } from '@tlsrep/collector/main'
import type { ListenerName } from '@tlsrep/collector/parsers/parser'
import type { Config, InputConfig, ListenerConfig } from '@tlsrep/platform/config/config'
import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import type { Logger } from 'pino'

export interface CollectorParts {
  eventLog: Pick<EventLog, 'append' | 'readCompacted'>
  inProcess?: boolean
  isOutage: (error: unknown) => boolean
  logger: Logger
  now: () => number
}

/** The collector that the configuration asks for. `inputs` are the configuration's, or what was found in their place. */
export function collectorOf(config: Config, inputs: readonly InputConfig[], parts: CollectorParts): Collector {
  const { collector } = config
  return createCollector({
    ...parts,
    collector: collector.name,
    inputs: inputs.map((input) => ({
      name: inputName(input),
      from: input.log === undefined ? { kind: 'stdin' } : { kind: 'files', paths: input.log },
      zone: input.timezone ?? machineZone(),
      ...(input.host !== undefined && { host: input.host }),
    })),
    dataDirectory: join(config.data, 'collector'),
    listenerName: listenerNames(config.listeners),
    maxOpenSessions: collector.max_open_sessions,
    ...(collector.batch.events !== undefined && { batchEvents: collector.batch.events }),
    batchMs: collector.batch.wait,
  })
}

/** IANA name of the zone that this machine keeps. */
export function machineZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

function inputName({ name, log }: InputConfig): string {
  return name ?? log?.[0] ?? 'stdin'
}

/** The first listener that claims host and service names the door; what none claims is named by the parser. */
export function listenerNames(listeners: readonly ListenerConfig[]): ListenerName {
  return (host, service) =>
    listeners.find(
      ({ hosts, services }) => services?.includes(service) === true && (hosts === undefined || hosts.includes(host)),
    )?.name
}
