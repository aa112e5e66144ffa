import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { FromInstance, InstanceOptions, Reading, State, ToInstance } from './instance-messages.ts'

/** An installation of its own in a folder of its own, whose process runs all services as `tlsrep start` does. */
export interface Instance {
  readonly config: string
  readonly data: string
  readonly ports: Ports
  /** Processes: the services, and the ClickHouse child. */
  readonly pids: readonly [number, number]
  /** Resolves when every log that was there at the start has been read to its end, and all that follows from it is durable. */
  caughtUp(): Promise<Reading>
  state(): Promise<State>
  stop(): Promise<void>
}

export interface Ports {
  http: number
  dnsbl: number
  policy: number
  clickhouse: number
}

const RUN = new URL('./instance-run.ts', import.meta.url).pathname

/**
 * Starts one. Outputs may do everything (mode and cap `reject`), and the gate is off, so that what is measured is not held back.
 * @param log path of a log in UTC that it reads
 */
export async function startInstance(folder: string, log: string, profiled = false): Promise<Instance> {
  mkdirSync(folder, { recursive: true })
  const ports = await freePorts()
  const config = join(folder, 'tlsrep.yaml')
  const data = join(folder, 'data')
  writeFileSync(config, configText(data, log, ports))
  const options: InstanceOptions = { config, profiled }
  const child = fork(RUN, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { pids } = await answer(child, 'started')
  const caughtUp = answer(child, 'caught_up')
  caughtUp.catch(() => {})
  const tell = (message: ToInstance): void => void child.send(message)
  return {
    config,
    data,
    ports,
    pids,
    caughtUp: async () => (await caughtUp).reading,
    state: async () => {
      const answered = answer(child, 'state')
      tell({ kind: 'state' })
      return (await answered).state
    },
    stop: async () => {
      const closed = once(child, 'exit')
      tell({ kind: 'stop' })
      await closed
    },
  }
}

/** The next message of a kind. Rejects where the process ends before. */
function answer<K extends FromInstance['kind']>(child: ChildProcess, kind: K): Promise<FromInstance & { kind: K }> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the instance ended with ${code} before "${kind}"`))
    const onMessage = (message: FromInstance): void => {
      if (message.kind !== kind) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(message as FromInstance & { kind: K })
    }
    child.on('message', onMessage)
    child.on('exit', onExit)
  })
}

function configText(data: string, log: string, ports: Ports): string {
  return `data: ${data}
collector:
  inputs:
    - log: ${log}
      name: bench
      timezone: UTC
publisher:
  mode: reject
  cap: reject
  gate:
    enabled: false
  outputs:
    dnsbl:
      listen: 127.0.0.1:${ports.dnsbl}
    policy_service:
      listen: 127.0.0.1:${ports.policy}
clickhouse:
  child:
    http_port: ${ports.clickhouse}
http:
  listen: 127.0.0.1:${ports.http}
log:
  level: warn
`
}

async function freePorts(): Promise<Ports> {
  // All are held at once, so that they differ.
  const servers = await Promise.all(Array.from({ length: 4 }, heldPort))
  const [http = 0, dnsbl = 0, policy = 0, clickhouse = 0] = servers.map(({ port }) => port)
  await Promise.all(servers.map(({ release }) => release()))
  return { http, dnsbl, policy, clickhouse }
}

export async function heldPort(): Promise<{ port: number; release(): Promise<void> }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return { port: address.port, release: () => new Promise((resolve) => server.close(() => resolve())) }
}
