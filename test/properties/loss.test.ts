import { ipText, type TlsNegotiation } from '@tlsrep/schemas'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CORPUS_SETS, corpusLog, linesOf } from '../support/corpus.ts'
import { type ParsedLog, parseLog } from '../support/parse-log.ts'

/*
 * Syslog loses lines. Loss may turn an outcome into `unknown`; it must never make, as `stated`, a plaintext session or a fault of the
 * peer out of one that had none.
 */

const text = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`, 'latin1')
const isClear = (event: TlsNegotiation): boolean => event.outcome === 'plaintext'
const isBlamed = (event: TlsNegotiation): boolean => event.fault === 'peer'

const wholeLogs = new Map<string, Promise<ParsedLog>>()
function whole(set: string): Promise<ParsedLog> {
  let parsed = wholeLogs.get(set)
  if (parsed === undefined) {
    parsed = parseLog(corpusLog(set))
    wholeLogs.set(set, parsed)
  }
  return parsed
}

/**
 * Events that accuse, as stated, a peer that the whole log does not accuse. Where the end of one session and the beginning of the next
 * are lost, the two are one to any reader, under the id of the first; so it is the peer that is looked up, not the id.
 */
async function accusations(set: string, kept: readonly string[]): Promise<string[]> {
  const { events } = await whole(set)
  const byPeer = new Map<string, TlsNegotiation[]>()
  for (const event of events) {
    const peer = ipText(event.peer_ip)
    byPeer.set(peer, [...(byPeer.get(peer) ?? []), event])
  }
  const lossy = await parseLog(text(kept))
  const wrong: string[] = []
  for (const event of lossy.events) {
    if (event.proof !== 'stated') continue
    const truth = byPeer.get(ipText(event.peer_ip)) ?? []
    if (isClear(event) && !truth.some(isClear)) wrong.push(`plaintext ${ipText(event.peer_ip)} ${event.source_offset}`)
    if (isBlamed(event) && !truth.some(isBlamed)) wrong.push(`blamed ${ipText(event.peer_ip)} ${event.source_offset}`)
  }
  return wrong
}

const aSet = fc.constantFrom(...CORPUS_SETS)

describe('loss of lines accuses nobody', () => {
  it('when single lines are gone', async () => {
    await fc.assert(
      fc.asyncProperty(aSet, fc.double({ min: 0.01, max: 0.9, noNaN: true }), fc.nat(), async (set, share, seed) => {
        let state = seed + 1
        const random = (): number => {
          state = (state * 48_271) % 2_147_483_647
          return state / 2_147_483_647
        }
        const kept = linesOf(corpusLog(set)).filter(() => random() > share)
        expect(await accusations(set, kept)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('when blocks of lines are gone, as by rate limits and rotation', async () => {
    await fc.assert(
      fc.asyncProperty(
        aSet,
        fc.array(fc.tuple(fc.nat(3000), fc.nat(200)), { minLength: 1, maxLength: 12 }),
        async (set, gaps) => {
          const lines = linesOf(corpusLog(set))
          const gone = new Set(
            gaps.flatMap(([from, length]) => Array.from({ length }, (_, i) => (from + i) % lines.length)),
          )
          expect(
            await accusations(
              set,
              lines.filter((_, index) => !gone.has(index)),
            ),
          ).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('when all lines of one kind are gone', async () => {
    const kinds = [
      'TLS connection',
      'SSL_accept error',
      'SSL_connect error',
      'TLS library problem',
      'connect from',
      'disconnect from',
      'client=',
      'lost connection',
      'reject:',
      'CONNECT',
      'TLS handshake failed',
      'tlsproxy',
    ]
    for (const set of CORPUS_SETS) {
      for (const kind of kinds) {
        const kept = linesOf(corpusLog(set)).filter((line) => !line.includes(kind))
        expect(await accusations(set, kept), `${set} without ${kind}`).toEqual([])
      }
    }
  }, 120_000)
})
