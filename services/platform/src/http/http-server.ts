import { readFileSync } from 'node:fs'
import { type FastifyInstance, fastify } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { isLoopback, type SocketAddress } from '../config/addresses.ts'
import { OperatorError } from '../errors/operator-error.ts'
import { escapeText } from '../log/escape.ts'
import { listenFailure } from '../net/listen-failure.ts'
import { type HealthCheck, runChecks } from './health.ts'

export interface HttpServerOptions {
  listen: SocketAddress
  /** Files of the certificate chain and its key, PEM. */
  tls?: { cert: string; key: string } | undefined
  /** Allows http without TLS beyond loopback. */
  insecure?: boolean
  logger: Logger
  registry: Registry
}

export interface HttpServer {
  /** Rooms register their routes here, before `listen`. */
  readonly app: FastifyInstance
  /** Adds a part to `/health/ready`. */
  addCheck(check: HealthCheck): void
  /** Begins to answer; the address it got (port 0 takes any). @throws OperatorError where that cannot be */
  listen(): Promise<SocketAddress>
  /** Finishes requests under way, takes no more. */
  close(): Promise<void>
}

/** Everything that is sent to us is small: an override, at most. */
const BODY_MAX = 64 * 1024
const REQUEST_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 5000

/**
 * The one HTTP server of a process: health, metrics, and what rooms add. `/health/live` says that the process turns over, `/health/ready`
 * that every part it needs is well (503 and which one where not).
 * @throws OperatorError `TLSREP_LISTEN_IN_CLEAR`, `TLSREP_HTTP_CERTIFICATE`
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  refuseOpenDoor(options)
  const checks: HealthCheck[] = []
  const app = createApp(options)
  app.get('/health/live', async () => ({ ok: true }))
  app.get('/health/ready', async (_, reply) => {
    const report = await runChecks(checks)
    return reply.code(report.ok ? 200 : 503).send(report)
  })
  app.get('/metrics', async (_, reply) =>
    reply.type(options.registry.contentType).send(await options.registry.metrics()),
  )
  return {
    app,
    addCheck: (check) => void checks.push(check),
    listen: () => listen(app, options.listen),
    close: () => app.close(),
  }
}

function createApp({ tls, logger }: HttpServerOptions): FastifyInstance {
  const common = {
    bodyLimit: BODY_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // Errors are logged below: requests are not, there is a metric for what matters.
    logger: false,
  } as const
  const app: FastifyInstance = tls === undefined ? fastify(common) : secureApp(common, tls)
  // Only JSON, which a page of another site cannot send without asking first.
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', async (request, reply) => {
    const changes = !['GET', 'HEAD', 'OPTIONS'].includes(request.method)
    if (!changes || request.headers.origin === undefined) return
    await reply
      .code(403)
      .send({ error: 'forbidden', message: 'Changes are not taken from pages in a browser. Use tlsrep or curl.' })
  })
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({
      error: 'not_found',
      message: `There is no ${escapeText(`${request.method} ${request.url.slice(0, 200)}`)}`,
    }),
  )
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error)
    if (status >= 500) logger.error({ err: error, method: request.method, path: request.url }, 'a request failed')
    const message = status >= 500 ? 'This is a fault of tlsrep; its log says more.' : escapeText(messageOf(error))
    return reply.code(status).send({ error: status >= 500 ? 'internal' : 'bad_request', message })
  })
  return app
}

function secureApp(common: object, tls: { cert: string; key: string }): FastifyInstance {
  try {
    const https = { cert: readFileSync(tls.cert), key: readFileSync(tls.key), minVersion: 'TLSv1.2' as const }
    return fastify({ ...common, https }) as unknown as FastifyInstance
  } catch (cause) {
    throw new OperatorError({
      code: 'TLSREP_HTTP_CERTIFICATE',
      message: `HTTP cannot use its certificate or key: ${messageOf(cause)}`,
      where: `${tls.cert}, ${tls.key}`,
      remedy: 'Name a certificate chain and the key that belongs to it, both PEM, in http.tls.',
      cause,
    })
  }
}

function refuseOpenDoor({ listen, tls, insecure }: HttpServerOptions): void {
  if (isLoopback(listen.host) || tls !== undefined || insecure) return
  throw new OperatorError({
    code: 'TLSREP_LISTEN_IN_CLEAR',
    message: `HTTP would be open to other machines on ${listen.host}, and is not encrypted`,
    where: 'http.listen',
    remedy: 'Write http.tls, or listen on 127.0.0.1, or write http.insecure: true where the network is to be trusted.',
  })
}

async function listen(app: FastifyInstance, { host, port }: SocketAddress): Promise<SocketAddress> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close().catch(() => {})
    throw await listenFailure(error, { service: 'HTTP', protocol: 'tcp', address: host, port, setting: 'http.listen' })
  }
  const address = app.server.address()
  return { host, port: typeof address === 'object' && address !== null ? address.port : port }
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' && status >= 400 ? status : 500
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
