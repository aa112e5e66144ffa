import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import type { InputError } from '../inputs/input-error.ts'
import type { FollowReports } from '../inputs/log-follower.ts'
import { unusable } from './checkpoints.ts'
import type { CollectorCounters } from './counters.ts'
import type { Troubles } from './troubles.ts'

/** Tells the operator what becomes of a log's files, each thing once. */
export function logReports(troubles: Troubles, counters: CollectorCounters): FollowReports {
  let places = new Set<string>()
  return {
    errors(errors) {
      const now = new Set<string>()
      for (const error of errors) {
        now.add(error.source)
        troubles.met(error.source, logTrouble(error))
      }
      for (const place of places) if (!now.has(place)) troubles.over(place)
      places = now
    },
    lost(file, bytes) {
      counters.lost_bytes += bytes
      troubles.said(cutShort(file.name, bytes))
    },
    shrunk(file) {
      counters.checkpoints_unusable++
      troubles.said(unusable(file.name, `it says that ${file.position} bytes were read, and the file is shorter`))
    },
  }
}

/** An unreadable file, in the words of a collector that goes on trying. */
export function logTrouble(error: InputError): OperatorError {
  const { source, code, message } = error
  const again = 'It is tried again every few seconds; other logs are read meanwhile.'
  const facts = { where: source, cause: error }
  switch (code) {
    case 'not_found':
      return new OperatorError({
        ...facts,
        code: 'TLSREP_LOG_NOT_FOUND',
        message: `There is no log at ${source}. ${again}`,
        remedy: 'Check the path. A log that its syslog daemon has not created yet is read as soon as it is there.',
      })
    case 'no_permission':
      return new OperatorError({
        ...facts,
        code: 'TLSREP_LOG_NO_PERMISSION',
        message: `${source} may not be read by the user that tlsrep runs as. ${again}`,
        remedy: 'Add that user to the group that owns the log (Debian and Ubuntu: adm), and start tlsrep anew.',
      })
    default:
      return new OperatorError({
        ...facts,
        code: 'TLSREP_LOG_UNREADABLE',
        message: `${message} ${again}`,
        remedy:
          'Name a text log, plain or compressed by gzip or zstd; remove a damaged file, or put a good copy in its place.',
      })
  }
}

function cutShort(where: string, bytes: number): OperatorError {
  return new OperatorError({
    code: 'TLSREP_LOG_CUT_SHORT',
    message: `${where} was emptied before its last ${bytes} bytes were read, and no copy of it is there. They are lost.`,
    where,
    remedy: 'Rotate by renaming (logrotate: create), or keep a copy (copytruncate) in the same directory.',
  })
}

/** A saved position of a file that is nowhere to be found. */
export function fileGone(where: string, position: number): OperatorError {
  return new OperatorError({
    code: 'TLSREP_CHECKPOINT_UNUSABLE',
    message: `The log that was read last, ${where}, to byte ${position}, is not there any more, nor a copy of it. What is there is read from its beginning; sessions that are stored already are not counted again.`,
    where,
    remedy:
      'If rotated logs are moved to another directory or deleted at once, keep at least the last one beside the log.',
  })
}
