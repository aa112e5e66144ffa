import { OperatorError } from '../errors/operator-error.ts'
import { escapeLines } from '../log/escape.ts'

/** Where the pages about errors are, for people who have the repository or the package. */
const PAGES = 'docs'

/**
 * A failure in words for a person. What an operator can mend: what, where, what to do, the page. Anything else is a fault of ours, and
 * shows its stack.
 */
export function failureText(error: unknown): string {
  if (error instanceof OperatorError) {
    return escapeLines(
      `tlsrep: ${error.message}\n  where: ${error.where}\n  to do: ${error.remedy}\n  more:  ${PAGES}/${error.page} (${error.code})\n`,
    )
  }
  return escapeLines(`tlsrep: this is a fault of tlsrep; please report it with what follows.\n${stackText(error)}\n`)
}

function stackText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined ? own : `${own}\ncaused by: ${stackText(error.cause)}`
}
