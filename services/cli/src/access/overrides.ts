import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { ClickHouseTopicStore } from '@tlsrep/platform/event-log/clickhouse-topics'
import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import { InProcessEventLog } from '@tlsrep/platform/event-log/in-process'
import { createEncoder, type Override } from '@tlsrep/schemas'
import { pino } from 'pino'
import { openKafka } from '../wiring/kafka.ts'
import type { Access } from './access.ts'
import { httpBase, reasonOf } from './http-base.ts'

/** Longer than the running instance takes to answer that a change is not in force yet. */
const TIMEOUT_MS = 15_000

/** What became of a decision: in force, stored for when tlsrep runs, not taken yet, or on its way to all publishers. */
export type Decided = 'in_force' | 'stored' | 'not_yet' | 'sent'

/**
 * Records an operator's decision; null withdraws the one there is. The running instance takes it over HTTP and has it in force when this
 * resolves; without one it is stored, and holds from the next start on.
 */
export async function decide(access: Access, sender: string, decision: Override | null): Promise<Decided> {
  if (access.instance === null && access.config.kafka !== undefined) return sendToKafka(access, sender, decision)
  const base = httpBase(access.instance)
  return base === null ? store(access, sender, decision) : send(base, sender, decision)
}

async function send(base: string, sender: string, decision: Override | null): Promise<Decided> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response =
    decision === null
      ? await reach(fetch(`${base}/v1/overrides/${encodeURIComponent(sender)}`, { method: 'DELETE', signal }), base)
      : await reach(
          fetch(`${base}/v1/overrides`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(requestOf(decision)),
            signal,
          }),
          base,
        )
  if (response.ok) return response.status === 202 ? 'not_yet' : 'in_force'
  const { error } = (await response.json().catch(() => ({}))) as { error?: ErrorBody }
  throw new OperatorError({
    code: error?.code ?? 'TLSREP_OVERRIDE_REFUSED',
    message: error?.message ?? `the running instance answered ${response.status}`,
    where: base,
    remedy: error?.remedy ?? 'Look at its log.',
  })
}

/** The body of the API's answers that are no success; something else may hold the port, so nothing of it is certain. */
interface ErrorBody {
  code?: string
  message?: string
  remedy?: string
}

function requestOf({ sender, action, tier, until, by, why }: Override): object {
  return { sender, action, tier, until: until === null ? null : new Date(until).toISOString(), by, why }
}

async function reach(answer: Promise<Response>, where: string): Promise<Response> {
  try {
    return await answer
  } catch (error) {
    throw new OperatorError({
      code: 'TLSREP_INSTANCE_SILENT',
      message: `the running instance does not answer: ${reasonOf(error)}`,
      where,
      remedy: 'Look at its log; `tlsrep doctor` looks at its parts.',
      cause: error,
    })
  }
}

async function store({ clickhouse }: Access, sender: string, decision: Override | null): Promise<Decided> {
  const topics = new ClickHouseTopicStore({
    clickhouse,
    now: Date.now,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    logger: pino({ level: 'silent' }),
  })
  const log = new InProcessEventLog({ store: topics, now: Date.now })
  await append(log, sender, decision)
  return 'stored'
}

async function sendToKafka({ config }: Access, sender: string, decision: Override | null): Promise<Decided> {
  const log = await openKafka(config, null, pino({ level: 'silent' }), Date.now)
  await append(log, sender, decision)
  return 'sent'
}

/** Closes the log. */
async function append(log: EventLog, sender: string, decision: Override | null): Promise<void> {
  const value = decision === null ? null : Buffer.from(createEncoder('Override').encode(decision))
  try {
    await log.append({ topic: 'tls.overrides', records: [{ key: Buffer.from(sender), value }], checkpoint: null })
  } finally {
    await log.close()
  }
}
