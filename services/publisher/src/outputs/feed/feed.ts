import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ListingSnapshot } from '../output.ts'
import { type FeedFormat, feedBody, feedExpiry, feedState } from './feed-body.ts'

/** What the feed needs of a publisher. */
export interface FeedSource {
  readonly ready: boolean
  readonly snapshot: ListingSnapshot
  /** Milliseconds since 1970 UTC at which the list changes by itself, `Infinity` where it does not. */
  readonly nextExpiry: number
}

export interface FeedOptions {
  now: () => number
  /** Milliseconds since 1970 UTC since when the list may lack what was published elsewhere; null, and by default, where it does not. */
  staleSince?: () => number | null
}

/** Says so on every answer with or about a list that may be out of date. */
export const STALE_HEADER = 'X-Tlsrep-Stale-Since'

/** Longest time (ms) for which a reader need not ask again. */
const FRESH_MS = 60_000

const CONTENT_TYPES: Readonly<Record<FeedFormat, string>> = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  text: 'text/plain; charset=utf-8',
}

/**
 * `GET /v1/listings`: the whole list as JSON, as NDJSON (`Accept: application/x-ndjson`) or as plain text (`Accept: text/plain`). The
 * entity tag names sequence, content and format, so a reader that has this state gets 304 and nothing else. Until the list is known the
 * answer is 503: an empty list would look like the truth.
 */
export function registerFeed(app: FastifyInstance, source: FeedSource, options: FeedOptions): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/v1/listings',
    handler: (request, reply) => answer(request, reply, source, options),
  })
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  source: FeedSource,
  { now: clock, staleSince = () => null }: FeedOptions,
): FastifyReply {
  if (!source.ready) {
    const error = {
      code: 'TLSREP_LIST_NOT_READY',
      message: 'the list is still being read',
      remedy: 'Keep the list you have and ask again in a few seconds.',
    }
    return reply.code(503).header('Retry-After', '5').send({ error })
  }
  const now = clock()
  const stale = staleSince()
  if (stale !== null) reply.header(STALE_HEADER, new Date(stale).toISOString())
  const { snapshot } = source
  const format = formatFor(request.headers.accept)
  const tag = `"${snapshot.sequence}-${snapshot.contentHash}-${feedExpiry(now) / FRESH_MS}-${format}"`
  reply.header('ETag', tag)
  reply.header('Vary', 'Accept')
  reply.header('Cache-Control', 'no-cache')
  reply.header('Expires', new Date(freshUntil(source.nextExpiry, now)).toUTCString())
  if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send()
  reply.type(CONTENT_TYPES[format])
  if (request.method === 'HEAD') return reply.send()
  return reply.send(Readable.from(feedBody(feedState(snapshot, now), format), { objectMode: false }))
}

/** A minute, or until the next listing ends where that is sooner; at least a second, since the header has no smaller unit. */
function freshUntil(nextExpiry: number, now: number): number {
  return now + Math.max(Math.min(FRESH_MS, nextExpiry - now), 1000)
}

/** The format with the highest quality; of equal ones JSON (RFC 9110 section 12.5.1). */
export function formatFor(accept: string | undefined): FeedFormat {
  let best: FeedFormat = 'json'
  let bestQuality = 0
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const format = FORMATS[type]
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const quality = q === undefined ? 1 : Number(q.slice(2))
    if (format === undefined || !(quality > bestQuality || (quality === bestQuality && format === 'json'))) continue
    best = format
    bestQuality = quality
  }
  return best
}

const FORMATS: Readonly<Record<string, FeedFormat>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'text/plain': 'text',
  'text/*': 'text',
}

/** If-None-Match compares weakly (RFC 9110 section 13.1.2). */
function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((part) => {
    const given = part.trim()
    return given === '*' || (given.startsWith('W/') ? given.slice(2) : given) === tag
  })
}
