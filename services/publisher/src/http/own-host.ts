import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendError } from './api-error.ts'

/**
 * Refuses what a web page makes its visitor's browser ask: the API changes what happens to mail and stands on loopback without a password.
 * A page of another origin is known by its Origin header (Fetch standard; sent with every POST and DELETE), a page whose name was made to
 * point at 127.0.0.1 (DNS rebinding) by asking for us under that name. An address, and `localhost`, cannot be such a name.
 * @param names host names that the operator configured
 */
export function refuseForeignPages(names: readonly string[]) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (isOurs(request.hostname, names) && isOwnOrigin(request.headers.origin, request.host)) return undefined
    return sendError(reply, 403, {
      code: 'TLSREP_FOREIGN_PAGE',
      message: 'the request was made by a page of another origin, or under a host name that this server does not know',
      remedy: 'Use the address or localhost, or add the name to the configured host names.',
    })
  }
}

function isOurs(hostname: string, names: readonly string[]): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || isIP(bare) !== 0 || names.some((name) => name.toLowerCase() === bare)
}

/** Programs send no origin. */
function isOwnOrigin(origin: string | undefined, host: string): boolean {
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`
}
