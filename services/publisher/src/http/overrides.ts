import { canonicalSender } from '@tlsrep/core/sender/sender-key'
import type { EventLog } from '@tlsrep/platform/event-log/event-log'
import { createEncoder, type Override, recordToJson } from '@tlsrep/schemas'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { HeldOverride } from '../list/effective-list.ts'
import type { Logger } from '../logger.ts'
import { answerError, sendError } from './api-error.ts'
import { faultText, OVERRIDE_REQUEST } from './override-request.ts'
import { refuseForeignPages } from './own-host.ts'

/** What the routes need of a publisher. */
export interface OverrideHolder {
  readonly overrides: ReadonlyMap<string, HeldOverride>
  whenOverrides(holds: () => boolean, timeout: number): Promise<boolean>
}

export interface OverrideRouteOptions {
  log: EventLog
  logger: Logger
  now: () => number
  /** Names beside addresses and `localhost` under which the server may be asked. */
  hostNames: readonly string[]
  /** How long (ms) a change may take to come back over the log before the answer says so. */
  timeout?: number
}

const TIMEOUT_MS = 5000

/**
 * The operators' decisions: `GET /v1/overrides`, `POST /v1/overrides`, `DELETE /v1/overrides/SENDER` (the slash of a prefix as it is or as
 * %2F). A change is durable when it is answered, and in force (201 and 200) unless the log took too long to give it back (202).
 */
export function registerOverrides(app: FastifyInstance, holder: OverrideHolder, options: OverrideRouteOptions): void {
  const encoder = createEncoder('Override')
  const { log, logger, now, timeout = TIMEOUT_MS } = options
  const guard = { onRequest: refuseForeignPages(options.hostNames), errorHandler: answerError }

  async function append(sender: string, value: Uint8Array | null, holds: () => boolean): Promise<boolean> {
    const inForce = holder.whenOverrides(holds, timeout)
    const record = { key: Buffer.from(sender), value }
    await log.append({ topic: 'tls.overrides', records: [record], checkpoint: null })
    return inForce
  }

  app.get('/v1/overrides', guard, () => ({ overrides: [...holder.overrides.values()].map(overrideJson) }))

  app.post('/v1/overrides', guard, async (request, reply) => {
    const parsed = OVERRIDE_REQUEST.safeParse(request.body)
    if (!parsed.success) return invalid(reply, faultText(parsed.error))
    const { sender, action, tier, by, why } = parsed.data
    const until = parsed.data.until == null ? null : Date.parse(parsed.data.until)
    if (until !== null && until <= now()) return invalid(reply, 'until: this moment has passed')
    // Later than the decision before, so that it can be told apart when it comes back.
    const created_at = Math.max(now(), (holder.overrides.get(sender)?.created_at ?? 0) + 1)
    const decided: Override = {
      sender,
      action,
      tier: action === 'deny' ? (tier ?? 'reject') : null,
      until,
      by,
      why,
      created_at,
    }
    const applied = await append(sender, Buffer.from(encoder.encode(decided)), () => {
      return (holder.overrides.get(sender)?.created_at ?? 0) >= created_at
    })
    logger.info({ sender, action, tier: decided.tier, until, by }, 'an operator set an override')
    return reply.code(applied ? 201 : 202).send({ override: jsonOf(decided), applied })
  })

  app.delete('/v1/overrides/*', guard, async (request, reply) => {
    const { '*': text = '' } = request.params as { '*'?: string }
    const found = canonicalSender(text)
    if (!found.ok) return invalid(reply, `${found.message}. ${found.remedy}`)
    const { sender } = found
    if (!holder.overrides.has(sender)) return noOverride(reply, sender)
    const applied = await append(sender, null, () => !holder.overrides.has(sender))
    logger.info({ sender }, 'an operator withdrew an override')
    return reply.code(applied ? 200 : 202).send({ sender, applied })
  })
}

function overrideJson({ sender, action, tier, until, by, why, created_at }: HeldOverride): unknown {
  return jsonOf({ sender, action, tier, until, by, why, created_at })
}

/** As the record is printed everywhere; its writer makes text. */
function jsonOf(override: Override): unknown {
  return JSON.parse(recordToJson('Override', override))
}

function invalid(reply: FastifyReply, message: string): FastifyReply {
  return sendError(reply, 400, {
    code: 'TLSREP_OVERRIDE_INVALID',
    message,
    remedy:
      'Send {"sender": "192.0.2.10", "action": "allow" or "deny", "by": "...", "why": "..."}, perhaps with "tier" and "until".',
  })
}

function noOverride(reply: FastifyReply, sender: string): FastifyReply {
  return sendError(reply, 404, {
    code: 'TLSREP_OVERRIDE_UNKNOWN',
    message: `there is no override for ${sender}`,
    remedy: 'GET /v1/overrides lists those there are.',
  })
}
