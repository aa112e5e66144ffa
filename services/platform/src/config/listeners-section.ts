import { z } from 'zod'
import { port } from './addresses.ts'
import { ownLimits } from './modes.ts'
import { shortName } from './names.ts'

export const listenerSchema = z
  .strictObject({
    name: shortName('mx').describe('Name of the door, in the field `listener` of events and evidence. Unique.'),
    hosts: z
      .array(shortName('mx1'))
      .min(1)
      .optional()
      .describe('Hosts of the log lines that it stands for. Default: all hosts.'),
    services: z
      .array(shortName('postfix/smtpd'))
      .min(1)
      .optional()
      .describe(
        'Syslog programs of the log lines that it stands for, as Postfix writes them (`syslog_name/daemon`). Without it, no log line is taken for this door.',
      ),
    port: port()
      .meta({ examples: [25] })
      .optional()
      .describe(
        'Port on which clients reach it: by this the policy service knows the door that asks. At most one listener a port.',
      ),
    ...ownLimits,
  })
  .meta({ examples: [{ name: 'mx', services: ['postfix/smtpd'], port: 25 }] })

export const listenersSchema = z
  .array(listenerSchema)
  .prefault([])
  .describe(
    'Our doors. Without any entry for it, a Postfix program is named by itself: `postfix/smtpd` is `mx`, `postfix/submission/smtpd` is `submission`, `postfix/smtps/smtpd` is `submissions`.',
  )
