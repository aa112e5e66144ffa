import { dirname, isAbsolute, resolve } from 'node:path'
import type { ListenTarget } from './addresses.ts'
import type { Cap, Mode } from './modes.ts'
import type { ParsedConfig } from './schema.ts'

/** Mode and cap are never missing: what a part does not say for itself, `publisher` says for it. */
type WithLimits<T> = Omit<T, 'mode' | 'cap'> & { mode: Mode; cap: Cap }
type Publisher = ParsedConfig['publisher']
type Outputs = Publisher['outputs']

export type InputConfig = ParsedConfig['collector']['inputs'][number]
export type ListenerConfig = WithLimits<ParsedConfig['listeners'][number]>
export type DnsblConfig = WithLimits<Outputs['dnsbl']>
export type PolicyServiceConfig = WithLimits<Outputs['policy_service']>
export type FileOutputConfig = WithLimits<Outputs['files'][number]>

/** The configuration as the wiring takes it: checked, defaults filled in, paths absolute, times in ms, sizes in bytes. Frozen. */
export type Config = Readonly<
  Omit<ParsedConfig, 'listeners' | 'publisher'> & {
    listeners: readonly ListenerConfig[]
    publisher: Omit<Publisher, 'outputs'> & {
      outputs: Omit<Outputs, 'dnsbl' | 'policy_service' | 'files'> & {
        dnsbl: DnsblConfig
        policy_service: PolicyServiceConfig
        files: FileOutputConfig[]
      }
    }
  }
>

export interface ResolveContext {
  /** The configuration file; undefined where there is none. */
  file: string | undefined
  cwd: string
  /** Whether the file says where the data lie: the default is in the working directory, not beside the file. */
  dataIsWritten: boolean
  env: NodeJS.ProcessEnv
}

/** Makes the configuration of what was read: inherited limits, and paths that no longer depend on where the process stands. */
export function resolveConfig(parsed: ParsedConfig, context: ResolveContext): Config {
  const { publisher, collector, clickhouse, http } = parsed
  const base = context.file === undefined ? context.cwd : resolve(context.cwd, dirname(context.file))
  const path = (text: string) => resolve(base, text)
  const secret = (text: string) => path(expandEnvironment(text, context.env).text)
  const limited = <T extends { mode?: Mode | undefined; cap?: Cap | undefined }>(part: T): WithLimits<T> => ({
    ...part,
    mode: part.mode ?? publisher.mode,
    cap: part.cap ?? publisher.cap,
  })
  const { dnsbl, policy_service, files } = publisher.outputs
  return deepFreeze({
    ...parsed,
    data: context.dataIsWritten ? path(parsed.data) : resolve(context.cwd, parsed.data),
    ...(parsed.policy === undefined ? {} : { policy: path(parsed.policy) }),
    collector: {
      ...collector,
      inputs: collector.inputs.map((input) =>
        input.log === undefined ? input : { ...input, log: input.log.map(path) },
      ),
    },
    listeners: parsed.listeners.map(limited),
    clickhouse: {
      ...clickhouse,
      ...(clickhouse.password_file === undefined ? {} : { password_file: secret(clickhouse.password_file) }),
    },
    ...(parsed.kafka === undefined ? {} : { kafka: kafkaWithPaths(parsed.kafka, path, secret) }),
    publisher: {
      ...publisher,
      outputs: {
        ...publisher.outputs,
        dnsbl: limited(dnsbl),
        policy_service: limited({ ...policy_service, listen: absoluteSocket(policy_service.listen, path) }),
        files: files.map((file) => limited({ ...file, path: path(file.path) })),
      },
    },
    http: {
      ...http,
      ...(http.tls === undefined ? {} : { tls: { cert: path(http.tls.cert), key: secret(http.tls.key) } }),
    },
  })
}

type Kafka = NonNullable<ParsedConfig['kafka']>

function kafkaWithPaths(kafka: Kafka, path: (text: string) => string, secret: (text: string) => string): Kafka {
  const { tls, sasl, schema_registry: registry } = kafka
  const withPaths = ({ ca, cert, key }: NonNullable<Kafka['tls']>) => ({
    ...(ca !== undefined && { ca: path(ca) }),
    ...(cert !== undefined && { cert: path(cert) }),
    ...(key !== undefined && { key: secret(key) }),
  })
  return {
    ...kafka,
    ...(tls && { tls: withPaths(tls) }),
    ...(sasl && { sasl: { ...sasl, password_file: secret(sasl.password_file) } }),
    ...(registry && {
      schema_registry: {
        ...registry,
        ...(registry.password_file !== undefined && { password_file: secret(registry.password_file) }),
        ...(registry.tls && { tls: withPaths(registry.tls) }),
      },
    }),
  }
}

/** Puts environment variables into the path of a secret file. A variable that is not set stays as it was written, and is named. */
export function expandEnvironment(text: string, env: NodeJS.ProcessEnv): { text: string; unset: string | undefined } {
  let unset: string | undefined
  const expanded = text.replace(/\$\{(\w{1,100})\}/g, (written, name: string) => {
    const value = env[name]
    if (value === undefined || value === '') unset ??= name
    return value ?? written
  })
  return { text: expanded, unset }
}

function absoluteSocket(target: ListenTarget, path: (text: string) => string): ListenTarget {
  return target.kind === 'unix' && !isAbsolute(target.path) ? { kind: 'unix', path: path(target.path) } : target
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.freeze(value))) deepFreeze(inner)
  return value
}
