import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Policy } from '@tlsrep/core/policy/policy'
import type { ClickHouse } from '@tlsrep/platform/clickhouse/clickhouse'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { createLifecycle, type ProcessHost } from '@tlsrep/platform/lifecycle/lifecycle'
import { Embedded } from '../../../services/cli/src/embedded/embedded.ts'
import { policyOf } from '../../../services/cli/src/wiring/policy.ts'
import { silentLogger } from '../clickhouse.ts'
import { until } from '../mail-host/until.ts'
import { freePort } from '../ports.ts'

/** All of the embedded shape in this process, with a clock that a test sets. */
export interface Pipeline {
  readonly clickhouse: ClickHouse
  readonly policy: Policy
  stop(): Promise<void>
}

/**
 * Starts what `tlsrep start` starts, but for the process around it.
 * @param startsAt milliseconds since 1970 UTC: what its clock shows at first; it goes on from there
 */
export async function startPipeline(logs: readonly string[], startsAt: number): Promise<Pipeline> {
  const data = await mkdtemp(join(tmpdir(), 'tlsrep-pipeline-'))
  const file = await configuration(logs, data)
  const loaded = loadConfig({ explicitPath: '/c.yaml', cwd: '/', readFile: () => file, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { config } = loaded
  const policy = policyOf(config)
  const host = new FakeHost()
  const lifecycle = createLifecycle({ logger: silentLogger, host })
  const ahead = startsAt - Date.now()
  const options = { config, configFile: null, policy, logger: silentLogger, version: 'test' }
  const now = (): number => Date.now() + ahead
  const embedded = new Embedded({ ...options, inputs: () => config.collector.inputs, now }, lifecycle)
  const run = lifecycle.run(embedded.actors)
  const isUp = (): boolean => {
    if (host.said !== '') throw new Error(host.said)
    return lifecycle.check.check().ok
  }
  await until('the pipeline is up', isUp, { timeout: 60_000 })
  return {
    clickhouse: embedded.running.clickhouse.clickhouse,
    policy,
    async stop() {
      lifecycle.requestStop('the test is over')
      const code = await run
      await rm(data, { recursive: true, force: true })
      if (code !== 0) throw new Error(`it ended with ${code}: ${host.said}`)
    },
  }
}

/** JSON is YAML. */
async function configuration(logs: readonly string[], data: string): Promise<string> {
  const [http, dnsbl, policy, clickhouse] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  return JSON.stringify({
    data,
    collector: { inputs: logs.map((log) => ({ log, timezone: 'UTC' })) },
    // The corpus grows old.
    clickhouse: {
      child: { http_port: clickhouse },
      retention: { events: '3650d', evidence: '3650d', hourly: '3650d' },
    },
    publisher: {
      outputs: { dnsbl: { listen: `127.0.0.1:${dnsbl}` }, policy_service: { listen: `127.0.0.1:${policy}` } },
    },
    http: { listen: `127.0.0.1:${http}` },
  })
}

/** Signals are the test runner's. */
class FakeHost extends EventEmitter implements ProcessHost {
  said = ''
  readonly stderr = {
    write: (text: string): void => {
      this.said += text
    },
  }
  exit(code: number): void {
    this.said += `exit ${code}`
  }
}
