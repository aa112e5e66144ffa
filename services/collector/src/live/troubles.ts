import type { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { escapeControls } from '../pipeline/escape.ts'

/** What the collector needs of a pino logger. */
export interface CollectorLogger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Says of each trouble once that it is there, and once that it is over, however often it is met in between. */
export class Troubles {
  readonly #logger: CollectorLogger
  readonly #facts: object
  readonly #present = new Map<string, string>()

  /** @param facts are logged with every trouble */
  constructor(logger: CollectorLogger, facts: object) {
    this.#logger = logger
    this.#facts = facts
  }

  /** There is something wrong at `place`. */
  met(place: string, error: OperatorError): void {
    if (this.#present.get(place) === error.code) return
    this.#present.set(place, error.code)
    this.said(error)
  }

  /** Whatever was wrong at `place` is over. */
  over(place: string): void {
    const code = this.#present.get(place)
    if (code === undefined) return
    this.#present.delete(place)
    this.#logger.info({ ...this.#facts, code, where: escapeControls(place) }, `over: ${escapeControls(place)}`)
  }

  /** Something happened that has no end. */
  said(error: OperatorError): void {
    const { code, where, remedy, page } = error
    const facts = { ...this.#facts, code, where: escapeControls(where), remedy: escapeControls(remedy), page }
    this.#logger.warn(facts, escapeControls(error.message))
  }
}
