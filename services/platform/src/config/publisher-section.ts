import { z } from 'zod'
import { listenTarget, socketAddress } from './addresses.ts'
import { lookupPage } from './lookup-page.ts'
import { CAPS, MODES, ownLimits } from './modes.ts'
import { filePath, zoneName } from './names.ts'
import { duration } from './quantities.ts'

/** Access tables that Postfix reads; smtpd and postscreen know different actions. */
export const FILE_FORMATS = ['cidr-smtpd', 'cidr-postscreen'] as const

const enabled = z.boolean().prefault(true).describe('`false` switches the output off: nothing listens.')

const dnsbl = z
  .strictObject({
    enabled,
    listen: socketAddress('127.0.0.1:5354')
      .prefault('127.0.0.1:5354')
      .describe(
        'Where it answers, UDP and TCP. MTAs ask through their resolver, which has no port: give that a stub zone.',
      ),
    zone: zoneName('bl.example.net')
      .prefault('bl.tlsrep.internal')
      .describe('The zone. In mode `observe` it answers the test entries only, and `observe.` before it answers all.'),
    ...ownLimits,
    ttl: duration({ min: '1s', max: '1d' }, '60s')
      .prefault('60s')
      .describe(
        'How long a resolver may keep an answer: how long a delisted sender may go on being refused. An answer never outlives its listing.',
      ),
    negative_ttl: duration({ min: '1s', max: '1d' }, '30s')
      .prefault('30s')
      .describe(
        'How long a resolver may keep that a sender is not listed (RFC 2308): how late a new listing may be seen.',
      ),
  })
  .prefault({})
  .describe('DNS list for any MTA (RFC 5782): `127.0.0.3` watch, `.4` tag, `.5` defer, `.6` reject.')

const policyService = z
  .strictObject({
    enabled,
    listen: listenTarget('unix:/var/spool/postfix/private/tlsrep')
      .prefault('127.0.0.1:10042')
      .describe('Where it answers. The protocol has no TLS: beyond loopback it needs `insecure`.'),
    insecure: z
      .boolean()
      .prefault(false)
      .describe('`true` allows an address beyond loopback: whoever reaches it can ask who is listed.'),
    ...ownLimits,
  })
  .prefault({})
  .describe(
    "Postfix's policy service (`check_policy_service`). The listener on whose port the client came decides by its own mode and cap; those here hold for ports of no listener.",
  )

const file = z
  .strictObject({
    path: filePath('/etc/postfix/tlsrep.cidr').describe(
      'The file, replaced at once when the list changes. Its directory must exist.',
    ),
    format: z
      .enum(FILE_FORMATS)
      .describe('`cidr-smtpd` for `check_client_access`, `cidr-postscreen` for `postscreen_access_list`.'),
    ...ownLimits,
  })
  .meta({ examples: [{ path: '/etc/postfix/tlsrep.cidr', format: 'cidr-smtpd' }] })

export const publisherSchema = z.strictObject({
  mode: z
    .enum(MODES)
    .prefault('observe')
    .describe(
      'How far outputs and listeners may go now. `observe`: nothing is done to anybody; what would have been done is logged and counted. `tag`: mail is marked. `defer`, `reject`: it is put off, refused.',
    ),
  cap: z
    .enum(CAPS)
    .prefault('tag')
    .describe(
      'How far outputs and listeners may ever go for TLS evidence. A deferral without end is a slow rejection, and RFC 3207 section 4 forbids a public MX to require STARTTLS: raise it knowingly.',
    ),
  lookup_page: lookupPage('https://example.net/q?ip={address}')
    .optional()
    .describe(
      'Page where whoever is refused can look an address up; `{address}` stands for it. TXT records, replies of the policy service and `cidr-smtpd` files name it. Without one they say to ask the postmaster here.',
    ),
  gate: z
    .strictObject({
      enabled: z.boolean().prefault(true).describe('`false`: nothing is held back, whatever it does.'),
      new_listings_per_minute: z
        .int()
        .min(1)
        .max(10_000_000)
        .prefault(1000)
        .describe(
          'Most senders that may come onto the list in one minute. The rest of that minute is held back until an operator releases it.',
        ),
      good_sessions_per_minute: z
        .int()
        .min(1)
        .max(1_000_000_000)
        .prefault(10_000)
        .describe(
          'Most good sessions, after decay, that the senders which come onto the list in one minute may stand for: one large shared sender is as much as many small ones.',
        ),
    })
    .prefault({})
    .describe('Keeps a publication from doing harm to many at once.'),
  outputs: z
    .strictObject({
      dnsbl,
      policy_service: policyService,
      files: z.array(file).prefault([]).describe('Access tables as files. Each path once.'),
    })
    .prefault({})
    .describe('Ways in which mail servers learn the list. All hold the same members.'),
})
