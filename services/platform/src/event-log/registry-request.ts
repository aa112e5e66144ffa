import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { ConnectionOptions } from 'node:tls'

export interface RegistryRequest {
  url: URL
  method: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body: string | null
  /** Milliseconds until the whole answer has to be there. */
  timeout: number
  /** Of `https:` URLs; what is missing is Node's default. */
  tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>
}

/** The largest schema is some ten kilobytes; what goes on behind this is none. */
const BODY_MAX = 4 * 1024 * 1024

/**
 * One request and its whole answer; redirects are not followed. Not `fetch`, which takes no certificates.
 * @throws where no answer comes in time, or too long a one
 */
export function exchange(request: RegistryRequest): Promise<{ status: number; text: string }> {
  const { url, method, headers, body, timeout, tls } = request
  const options = { method, headers, signal: AbortSignal.timeout(timeout) }
  return new Promise((resolve, reject) => {
    const sent = url.protocol === 'https:' ? secureRequest(url, { ...options, ...tls }) : plainRequest(url, options)
    sent.once('error', reject)
    sent.once('response', (answer) => {
      const chunks: Buffer[] = []
      let length = 0
      answer.once('error', reject)
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > BODY_MAX) answer.destroy(new Error('its answer does not end'))
        else chunks.push(chunk)
      })
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
    })
    sent.end(body ?? undefined)
  })
}
