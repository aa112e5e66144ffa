/**
 * Something that an operator has to know and can mend: what is wrong, where, and what to do. Each code has a page of its own in
 * docs/errors/, named like the code. Everything else that is thrown is a bug or an outage.
 */
export class OperatorError extends Error {
  /** `TLSREP_` and words in capitals, e.g. `TLSREP_PORT_IN_USE`. Never changes once published. */
  readonly code: string
  /** Where: a file and line, an address, a table. */
  readonly where: string
  /** What the operator can do, as a sentence. */
  readonly remedy: string

  constructor(facts: { code: string; message: string; where: string; remedy: string; cause?: unknown }) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'OperatorError'
    this.code = facts.code
    this.where = facts.where
    this.remedy = facts.remedy
  }

  /** The page about this error, relative to the documentation's root. */
  get page(): string {
    return `errors/${this.code}.md`
  }
}
