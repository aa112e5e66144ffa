import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** The body of every answer that is no success. */
export interface ApiError {
  code: string
  message: string
  /** What to do instead, as a sentence. */
  remedy: string
}

export function sendError(reply: FastifyReply, status: number, error: ApiError): FastifyReply {
  return reply.code(status).send({ error })
}

/** For a route's `errorHandler`: what Fastify refuses (no JSON, too long) is answered in the same form as what we refuse. */
export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500
  if (status >= 500) request.log.error({ err: error }, 'a request failed')
  sendError(
    reply,
    status,
    status < 500
      ? {
          code: 'TLSREP_REQUEST_INVALID',
          message: error.message,
          remedy: 'Send a JSON body with content-type application/json.',
        }
      : {
          code: 'TLSREP_REQUEST_FAILED',
          message: 'the request failed here',
          remedy: 'Ask again; the log of tlsrep says why.',
        },
  )
}
