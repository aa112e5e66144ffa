import { accessSync, constants, statSync } from 'node:fs'
import { findLogs, isGlob } from '@tlsrep/collector/inputs/find-logs'
import { pathIn } from '@tlsrep/collector/inputs/log-names'
import type { Config } from '@tlsrep/platform/config/config'
import type { Access } from '../access/access.ts'
import { type FoundLogs, findMailLogs } from '../embedded/find-logs.ts'
import { type Finding, fault, ok, warning } from './findings.ts'

/** Whether the configured logs, or those of the machine, can be read. */
export async function lookAtLogs(config: Config, machine: () => FoundLogs = findMailLogs): Promise<Finding[]> {
  const { inputs } = config.collector
  if (inputs.length > 0) return (await Promise.all(inputs.flatMap(({ log }) => log ?? []).map(lookAtLog))).flat()
  const { readable, forbidden } = machine()
  return [
    ...readable.map((path) => ok('log', `${path} can be read`)),
    ...forbidden.map((path) => fault('log', `${path} cannot be read by this user`, ADD_TO_GROUP)),
    ...(readable.length + forbidden.length === 0
      ? [
          warning(
            'log',
            'no mail log is configured, and none is at the usual places',
            'Name it in collector.inputs, or with start --log.',
          ),
        ]
      : []),
  ]
}

async function lookAtLog(path: string): Promise<Finding[]> {
  if (!isGlob(path)) return [lookAtFile(path)]
  const { logs } = await findLogs([path])
  if (logs.length === 0)
    return [warning('log', `${path} names no file now`, 'Check the path; files are followed as soon as they appear.')]
  return logs.map((place) => lookAtFile(pathIn(place, place.base)))
}

function lookAtFile(path: string): Finding {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    return code === 'ENOENT'
      ? warning('log', `${path} is not there`, 'Check the path; it is followed as soon as it appears.')
      : fault('log', `${path} cannot be read by this user`, ADD_TO_GROUP)
  }
  return statSync(path).isFile()
    ? ok('log', `${path} can be read`)
    : fault('log', `${path} is no file`, 'Name a file, or a glob of files.')
}

const ADD_TO_GROUP = 'Add the user to the group that owns it (Debian: adm).'

interface DoorRow {
  host: string
  service: string
  mails: number
  negotiated: number
  versions: number
  lost: number
}

const DOORS = `SELECT host, service, sum(mails_attempted) AS mails,
    sumIf(sessions, outcome = 'negotiated') AS negotiated,
    sumIf(sessions, outcome = 'negotiated' AND tls_version != '') AS versions,
    sumIf(sessions, outcome = 'not_offered') AS lost
FROM mta_negotiations_hourly
WHERE direction = 'inbound' AND NOT loopback AND hour >= {since:DateTime('UTC')}
GROUP BY host, service HAVING mails > 0 ORDER BY host, service`

const WEEK_MS = 7 * 86_400_000

/** Doors whose log is blind for TLS: a collector that sees mail and no TLS tells nothing. @param now milliseconds since 1970 UTC */
export async function lookAtDoors({ clickhouse }: Pick<Access, 'clickhouse'>, now: number): Promise<Finding[]> {
  const since = new Date(now - WEEK_MS).toISOString().slice(0, 19)
  const doors = await clickhouse.rows<DoorRow>(DOORS, { since })
  if (doors.length === 0)
    return [warning('mail', 'no inbound mail was counted in the last seven days', 'Check that the right log is read.')]
  return doors.map(({ host, service, mails, negotiated, versions, lost }) => {
    const door = `${service} on ${host}`
    if (negotiated > 0 && versions === 0) {
      return warning(
        'mail',
        `${door}: TLS is used, but its version is not logged`,
        'Set smtpd_tls_loglevel = 1 in main.cf.',
      )
    }
    if (negotiated === 0 && lost > 0) {
      return warning(
        'mail',
        `${door}: ${mails} mails, and STARTTLS was never shown to anybody`,
        'Set smtpd_tls_security_level = may and a certificate in main.cf.',
      )
    }
    return ok('mail', `${door}: ${mails} mails, ${negotiated} sessions with TLS`)
  })
}
