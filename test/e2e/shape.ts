import { join } from 'node:path'
import type { MailHost } from '../support/mail-host/mail-host.ts'

/** One of the ways in which tlsrep runs. */
export interface Shape {
  /** Commands of the processes that make it up, in the order in which they start, and where each says that it is ready. */
  readonly processes: readonly { command: string; readyUrl: string }[]
  /** What its configuration has beside what every shape has. */
  readonly settings: object
  /** Ends what it needs beside those processes. */
  close(): Promise<void>
}

/** `tlsrep start`. */
export function embeddedShape(host: MailHost): Shape {
  return {
    processes: [{ command: 'start', readyUrl: 'http://127.0.0.1:8642/health/ready' }],
    settings: { data: join(host.directory, 'tlsrep-data') },
    close: async () => {},
  }
}
