import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createLogger } from '../log/logger.ts'
import { createRegistry } from '../metrics/metrics.ts'
import { runChecks } from './health.ts'
import { createHttpServer, type HttpServer, type HttpServerOptions } from './http-server.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function create(options: Partial<HttpServerOptions> = {}): { server: HttpServer; log: string[] } {
  const log: string[] = []
  const server = createHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    logger: createLogger({ level: 'info', format: 'json', destination: { write: (line) => void log.push(line) } }),
    registry: createRegistry('0'),
    ...options,
  })
  closing.push(() => server.close())
  return { server, log }
}

describe('health', () => {
  it('is ready when every part is well, and says which one is not', async () => {
    const { server } = create()
    const { host, port } = await server.listen()
    const get = async (path: string) => {
      const response = await fetch(`http://${host}:${port}${path}`)
      return { status: response.status, body: await response.json() }
    }
    let ok = true
    server.addCheck({ name: 'clickhouse', check: () => ({ ok, detail: 'ping' }) })
    server.addCheck({ name: 'log', check: async () => ({ ok: true }) })
    expect(await get('/health/live')).toEqual({ status: 200, body: { ok: true } })
    expect((await get('/health/ready')).status).toBe(200)
    ok = false
    expect(await get('/health/ready')).toEqual({
      status: 503,
      body: {
        ok: false,
        checks: [
          { name: 'clickhouse', ok: false, detail: 'ping' },
          { name: 'log', ok: true },
        ],
      },
    })
  })

  it('takes a check that throws or never answers for a no', async () => {
    const report = await runChecks(
      [
        {
          name: 'throws',
          check: () => {
            throw new Error('gone')
          },
        },
        { name: 'rejects', check: () => Promise.reject(new Error('lost')) },
        { name: 'hangs', check: () => new Promise(() => {}) },
      ],
      10,
    )
    expect(report).toEqual({
      ok: false,
      checks: [
        { name: 'throws', ok: false, detail: 'gone' },
        { name: 'rejects', ok: false, detail: 'lost' },
        { name: 'hangs', ok: false, detail: 'no answer within 10 ms' },
      ],
    })
  })
})

describe('the HTTP server', () => {
  it('shows the metrics', async () => {
    const response = await create().server.app.inject('/metrics')
    expect(response.headers['content-type']).toContain('text/plain; version=0.0.4')
    expect(response.body).toContain('tlsrep_build_info')
  })

  it('answers what it does not have in JSON, with nothing of the question that could harm', async () => {
    const response = await create().server.app.inject('/nothing')
    expect({ status: response.statusCode, body: response.json() }).toEqual({
      status: 404,
      body: { error: 'not_found', message: 'There is no GET /nothing' },
    })
  })

  it('logs a fault of ours and does not show it', async () => {
    const { server, log } = create()
    server.app.get('/broken', () => {
      throw new Error('inner secret')
    })
    const response = await server.app.inject('/broken')
    expect(response.statusCode).toBe(500)
    expect(response.body).not.toContain('inner secret')
    expect(log.join('')).toContain('inner secret')
  })

  it('takes changes as JSON and not from pages in a browser', async () => {
    const { server } = create()
    server.app.post('/v1/overrides', async () => ({ ok: true }))
    const post = (headers: Record<string, string>, payload = '{}') =>
      server.app.inject({ method: 'POST', url: '/v1/overrides', headers, payload })
    expect((await post({ 'content-type': 'application/json' })).statusCode).toBe(200)
    expect((await post({ 'content-type': 'application/json', origin: 'http://evil.example' })).statusCode).toBe(403)
    expect((await post({ 'content-type': 'text/plain' })).statusCode).toBe(415)
    expect((await post({ 'content-type': 'application/json' }, '{')).json()).toMatchObject({ error: 'bad_request' })
    expect((await post({ 'content-type': 'application/json' }, JSON.stringify('x'.repeat(70_000)))).statusCode).toBe(
      413,
    )
  })

  it('names the port that is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    const { port } = holder.address() as { port: number }
    await expect(create({ listen: { host: '127.0.0.1', port } }).server.listen()).rejects.toMatchObject({
      code: 'TLSREP_PORT_IN_USE',
      where: `127.0.0.1:${port}/tcp`,
      remedy: expect.stringContaining('http.listen'),
    })
    await new Promise((resolve) => holder.close(resolve))
  })

  it.each(['0.0.0.0', '::', '192.0.2.1'])('does not open %s without TLS, unless told to', (host) => {
    expect(() => create({ listen: { host, port: 0 } })).toThrow(
      expect.objectContaining({ code: 'TLSREP_LISTEN_IN_CLEAR' }),
    )
    expect(() => create({ listen: { host, port: 0 }, insecure: true })).not.toThrow()
  })

  it('says that a certificate cannot be used', () => {
    const tls = { cert: '/nonexistent/cert', key: '/nonexistent/key' }
    expect(() => create({ tls })).toThrow(
      expect.objectContaining({ code: 'TLSREP_HTTP_CERTIFICATE', where: '/nonexistent/cert, /nonexistent/key' }),
    )
    const directory = mkdtempSync(join(tmpdir(), 'tlsrep-http-'))
    try {
      writeFileSync(join(directory, 'x'), 'no PEM')
      expect(() => create({ tls: { cert: join(directory, 'x'), key: join(directory, 'x') } })).toThrow(
        expect.objectContaining({ code: 'TLSREP_HTTP_CERTIFICATE' }),
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('serves https with a certificate', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tlsrep-http-'))
    const tls = { cert: join(directory, 'cert'), key: join(directory, 'key') }
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        '/CN=localhost',
        '-keyout',
        tls.key,
        '-out',
        tls.cert,
      ],
      { stdio: 'ignore' },
    )
    try {
      const { host, port } = await create({ tls }).server.listen()
      const status = await new Promise((resolve, reject) => {
        request({ host, port, path: '/health/live', rejectUnauthorized: false }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })
      expect(status).toBe(200)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
