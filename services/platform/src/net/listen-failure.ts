import { OperatorError } from '../errors/operator-error.ts'
import { findPortHolder, type TransportProtocol } from './port-holder.ts'

/** What was to be opened when it failed. */
export interface ListenAttempt {
  /** What listens, for the message: `DNSBL`, `policy service`, `ClickHouse`. */
  service: string
  protocol: TransportProtocol
  address: string
  port: number
  /** Name of the setting that says where to listen, for the remedy, e.g. `dnsbl.listen`. */
  setting: string
}

/**
 * Puts the failure of bind(2) into words: `TLSREP_PORT_IN_USE`, with the holder where it can be found, `TLSREP_PORT_NOT_ALLOWED`,
 * `TLSREP_ADDRESS_NOT_HERE`. What an operator cannot mend comes back as it is.
 */
export async function listenFailure(error: unknown, attempt: ListenAttempt): Promise<unknown> {
  const where = `${hostPort(attempt.address, attempt.port)}/${attempt.protocol}`
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return portInUse(error, attempt, where)
    case 'EACCES':
      return new OperatorError({
        code: 'TLSREP_PORT_NOT_ALLOWED',
        message: `${attempt.service} may not listen on ${where}: this user may not open ports below 1024`,
        where,
        remedy: `Give the service CAP_NET_BIND_SERVICE, or choose a port from 1024 up in ${attempt.setting}.`,
        cause: error,
      })
    case 'EADDRNOTAVAIL':
      return new OperatorError({
        code: 'TLSREP_ADDRESS_NOT_HERE',
        message: `${attempt.service} cannot listen on ${where}: this machine has no such address`,
        where,
        remedy: `Put one of this machine's addresses into ${attempt.setting}; \`ip address\` lists them.`,
        cause: error,
      })
    default:
      return error
  }
}

async function portInUse(error: unknown, attempt: ListenAttempt, where: string): Promise<OperatorError> {
  const holder = await findPortHolder(attempt.protocol, attempt.port)
  const who =
    holder === undefined
      ? 'another process, which cannot be named from here,'
      : holder.pid === process.pid
        ? 'this process itself'
        : `${holder.program} (pid ${holder.pid})`
  return new OperatorError({
    code: 'TLSREP_PORT_IN_USE',
    message: `${attempt.service} cannot listen on ${where}: ${who} holds the port`,
    where,
    remedy: `Stop that process, or choose another port in ${attempt.setting}.`,
    cause: error,
  })
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
