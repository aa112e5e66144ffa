import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { failureText } from '@tlsrep/platform/lifecycle/failure-text'
import { type Access, type AccessOptions, onInstallation } from '../access/access.ts'
import { findInstallation, type Installation } from '../access/configuration.ts'
import { type Finding, fault } from '../doctor/findings.ts'
import { lookAtInstance } from '../doctor/look-at-instance.ts'
import { lookAtDoors, lookAtLogs } from '../doctor/look-at-logs.ts'
import { lookAtStore } from '../doctor/look-at-store.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { printRows } from '../output/rows.ts'
import type { RowColumn } from '../table/row-table.ts'
import type { CommandIo } from './command-io.ts'

export interface DoctorOptions extends AccessOptions {
  json?: boolean
}

const COLUMNS: readonly RowColumn[] = [
  { key: 'state' },
  { key: 'part', wraps: 'words' },
  { key: 'says', wraps: 'words' },
  { key: 'remedy', wraps: 'words' },
]

/**
 * Looks at every part as its users would, and says what is wrong and what to do.
 * @returns the exit code: 1 where there is a fault
 */
export async function doctor(options: DoctorOptions, io: CommandIo): Promise<number> {
  let installation: Installation
  try {
    installation = await findInstallation(options, io.env)
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    await written(io.stderr, failureText(error))
    return EXIT.usage
  }
  const findings: Finding[] = []
  try {
    const code = await onInstallation(installation, io, (access) => lookAtParts(access, findings, io.now()))
    if (code === EXIT.interrupted) return code
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    findings.push(fault('data', error.message.replaceAll('\n', ' '), error.remedy))
  }
  findings.push(...(await lookAtLogs(installation.config)))
  await printRows(findings, COLUMNS, options.json === true, io)
  return findings.some(({ state }) => state === 'fault') ? EXIT.faults : EXIT.ok
}

async function lookAtParts(access: Access, findings: Finding[], now: number): Promise<number> {
  findings.push(...(await lookAtInstance(access)))
  const store = await lookAtStore(access, now)
  findings.push(...store)
  const isReadable = store.every(({ part, state }) => part !== 'clickhouse' || state === 'ok')
  if (isReadable) findings.push(...(await lookAtDoors(access, now)))
  return EXIT.ok
}
