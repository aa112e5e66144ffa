/** An append or a subscription after `close()`: nothing was stored. */
export class LogClosedError extends Error {
  override readonly name = 'LogClosedError'

  constructor() {
    super('the event log is closed')
  }
}

/** The reader that would have stored an append is gone; whether the records are stored is not known, so they have to be sent again. */
export class ReaderGoneError extends Error {
  override readonly name = 'ReaderGoneError'

  constructor(cause: unknown) {
    super('the reader of tls.negotiations has stopped: append again after the next start', { cause })
  }
}
