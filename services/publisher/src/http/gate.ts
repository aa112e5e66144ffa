import type { FastifyInstance } from 'fastify'
import type { HeldBack } from '../list/intake.ts'
import type { Logger } from '../logger.ts'
import { rfc3339 } from '../outputs/reply-text.ts'
import { refuseForeignPages } from './own-host.ts'

/** What the routes need of a publisher. */
export interface Gatekeeper {
  readonly heldBack: ReadonlyMap<string, HeldBack>
  releaseGate(): Promise<number>
}

/** Held listings that `GET /v1/gate` shows; the count is of all. */
const SHOWN_MAX = 1000

/** What the gate holds back (`GET /v1/gate`), and the operator's word that it may be listed (`POST /v1/gate/release`). */
export function registerGate(
  app: FastifyInstance,
  gatekeeper: Gatekeeper,
  options: { logger: Logger; hostNames: readonly string[] },
): void {
  const onRequest = refuseForeignPages(options.hostNames)

  app.get('/v1/gate', { onRequest }, () => {
    const held = [...gatekeeper.heldBack.values()].slice(0, SHOWN_MAX)
    return {
      count: gatekeeper.heldBack.size,
      held: held.map(({ sender, tier, reasons, listed_at, heldFor }) => {
        return { sender, tier, reasons, listed_at: rfc3339(listed_at), held_for: heldFor }
      }),
    }
  })

  app.post('/v1/gate/release', { onRequest }, async () => {
    const released = await gatekeeper.releaseGate()
    options.logger.info({ released }, 'an operator released what the gate held back')
    return { released }
  })
}
