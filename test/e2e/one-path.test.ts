import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafkaJarsAvailable } from '../support/kafka/kafka.ts'
import { mailHostAvailable } from '../support/mail-host/availability.ts'
import { type MailHost, startMailHost } from '../support/mail-host/mail-host.ts'
import type { ReceivedMail } from '../support/mail-host/received.ts'
import { mailsTaken, replyTo, type SmtpResult } from '../support/mail-host/smtp/job.ts'
import { until } from '../support/mail-host/until.ts'
import { kafkaShape } from './kafka-shape.ts'
import { embeddedShape, type Shape } from './shape.ts'
import { startAvailable, TlsrepProcess } from './tlsrep-process.ts'

const TLS_PEER = '198.51.100.7'
const CLEAR_PEER = '203.0.113.5'
const OTHER_CLEAR_PEER = '203.0.113.6'

/** Where postscreen asks the DNSBL; port 25 is smtpd, which asks the policy service. */
const POSTSCREEN_PORT = 2525
const HEADER = 'X-TLS-Reputation'
/** Sooner than this an operator's word and a new listing have to hold. */
const SOON = { timeout: 10_000 }
const STEP_MS = 180_000

const onAnyShape = mailHostAvailable() ?? startAvailable()
const title = 'a Postfix log line becomes a listing that Postfix obeys'
const SHAPES = [
  { name: 'embedded', unavailable: onAnyShape, open: async (host: MailHost) => embeddedShape(host) },
  { name: 'kafka', unavailable: onAnyShape ?? (await kafkaJarsAvailable()), open: kafkaShape },
]

for (const { name, unavailable, open } of SHAPES)
  describe.skipIf(unavailable !== null)(
    unavailable === null ? `${title}, ${name}` : `${title}, ${name} (${unavailable})`,
    () => {
      let host: MailHost
      let shape: Shape
      let tlsrep: TlsrepProcess
      let messages = 0

      beforeAll(async () => {
        host = await startMailHost({
          mainCf: {
            smtpd_recipient_restrictions:
              'permit_mynetworks, reject_unauth_destination, check_policy_service inet:127.0.0.1:10042',
            smtpd_policy_service_default_action: 'DUNNO',
            postscreen_dnsbl_sites: 'bl.tlsrep.internal=127.0.0.6',
            postscreen_dnsbl_action: 'enforce',
            postscreen_greet_wait: '1s',
            // Who passed is asked about again, as a day later.
            postscreen_cache_map: '',
          },
          masterCf: [`192.0.2.25:${POSTSCREEN_PORT} inet n - n - 1 postscreen`],
        })
        shape = await open(host)
        tlsrep = new TlsrepProcess(host, shape)
      }, 300_000)

      afterAll(async () => {
        await tlsrep?.stop()
        await shape?.close()
        await host?.stop()
      })

      interface Sent extends SmtpResult {
        subject: string
      }

      async function send(from: string, tls: 'none' | 'starttls', port = 25): Promise<Sent> {
        const subject = `Message ${++messages} from ${from}`
        return { ...(await host.sendMail({ from, tls, port, subject })), subject }
      }

      /** The message as it was delivered. */
      async function delivered({ subject, ...result }: Sent): Promise<ReceivedMail> {
        expect(result).toMatchObject({ error: null })
        expect(mailsTaken(result)).toBe(1)
        return until(
          `delivery of ${subject}`,
          () => host.received().find((mail) => mail.header('Subject').includes(subject)),
          SOON,
        )
      }

      async function untilListed(address: string): Promise<void> {
        await until(
          `${address} is listed`,
          async () => (await tlsrep.listings()).some(({ sender }) => sender === `${address}/32`),
          SOON,
        )
      }

      async function expectTlsPeerPasses(port = 25): Promise<void> {
        expect((await delivered(await send(TLS_PEER, 'starttls', port))).header(HEADER)).toEqual([])
      }

      it(
        'lists an address after twelve sessions in clear, and in mode observe does nothing but say what it would have done',
        async () => {
          await tlsrep.start({ mode: 'observe' })
          await expectTlsPeerPasses()
          for (const peer of [CLEAR_PEER, OTHER_CLEAR_PEER]) {
            for (let session = 0; session < 12; session++) expect(mailsTaken(await send(peer, 'none'))).toBe(1)
            await untilListed(peer)
          }
          expect(await tlsrep.listings()).not.toContainEqual(expect.objectContaining({ sender: `${TLS_PEER}/32` }))

          expect((await delivered(await send(CLEAR_PEER, 'none'))).header(HEADER)).toEqual([])
          await delivered(await send(CLEAR_PEER, 'none', POSTSCREEN_PORT))
          const would = await until(
            'the log says what would have been done',
            () => tlsrep.entries.find(({ client, would: step }) => client === CLEAR_PEER && step === 'tag'),
            SOON,
          )
          expect(would).toMatchObject({ sender: `${CLEAR_PEER}/32`, done: 'clean' })
          await tlsrep.stop()
        },
        STEP_MS,
      )

      it(
        'goes on after a restart with what it knew, and in mode tag at the default cap marks the mail and takes it',
        async () => {
          await tlsrep.start({ mode: 'tag' })
          const [value] = (await delivered(await send(CLEAR_PEER, 'none'))).header(HEADER)
          expect(value).toMatch(`applied=tag; tier=reject; sender=${CLEAR_PEER}/32`)
          await delivered(await send(CLEAR_PEER, 'none', POSTSCREEN_PORT))
          await expectTlsPeerPasses()
          await tlsrep.stop()
        },
        STEP_MS,
      )

      it(
        'with cap and mode defer has the policy service defer the next session',
        async () => {
          await tlsrep.start({ mode: 'defer', cap: 'defer' })
          const deferred = await send(CLEAR_PEER, 'none')
          expect(replyTo(deferred, 'RCPT')).toMatchObject({ code: 450, text: expect.stringContaining(CLEAR_PEER) })
          expect(mailsTaken(deferred)).toBe(0)
          await expectTlsPeerPasses()
          await tlsrep.stop()
        },
        STEP_MS,
      )

      it(
        'with cap and mode reject has postscreen refuse it through the DNSBL',
        async () => {
          await tlsrep.start({ mode: 'reject', cap: 'reject' })
          for (const peer of [CLEAR_PEER, OTHER_CLEAR_PEER]) {
            const refused = await send(peer, 'none', POSTSCREEN_PORT)
            expect(replyTo(refused, 'RCPT')).toMatchObject({
              code: 550,
              text: expect.stringContaining('bl.tlsrep.internal'),
            })
          }
          await expectTlsPeerPasses(POSTSCREEN_PORT)
          await expectTlsPeerPasses()
        },
        STEP_MS,
      )

      it(
        'tlsrep allow frees a sender at once, and no other',
        async () => {
          const { code, stderr } = await tlsrep.command('allow', CLEAR_PEER, '--why', 'mended its TLS')
          expect({ code, stderr }).toMatchObject({ code: 0 })
          await until(
            `${CLEAR_PEER} is taken again`,
            async () => mailsTaken(await send(CLEAR_PEER, 'none', POSTSCREEN_PORT)) === 1,
            SOON,
          )
          expect((await delivered(await send(CLEAR_PEER, 'none'))).header(HEADER)).toEqual([])
          expect(mailsTaken(await send(OTHER_CLEAR_PEER, 'none', POSTSCREEN_PORT))).toBe(0)
        },
        STEP_MS,
      )

      it(
        'a listing ends by itself at its expiry',
        async () => {
          expect((await tlsrep.listings()).map(({ sender }) => sender)).toContain(`${OTHER_CLEAR_PEER}/32`)
          tlsrep.moveClock(60)
          await until(
            `${OTHER_CLEAR_PEER} is taken again`,
            async () => mailsTaken(await send(OTHER_CLEAR_PEER, 'none', POSTSCREEN_PORT)) === 1,
            SOON,
          )
          expect((await delivered(await send(OTHER_CLEAR_PEER, 'none'))).header(HEADER)).toEqual([])
          expect(await tlsrep.listings()).toEqual([])
          await tlsrep.stop()
        },
        STEP_MS,
      )
    },
  )
