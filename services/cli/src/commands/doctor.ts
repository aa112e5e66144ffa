import { type AccessOptions, withAccess } from '../access/access.ts'
import type { Finding } from '../doctor/findings.ts'
import { lookAtInstance } from '../doctor/look-at-instance.ts'
import { lookAtDoors, lookAtLogs } from '../doctor/look-at-logs.ts'
import { lookAtStore } from '../doctor/look-at-store.ts'
import { EXIT } from '../exit-codes.ts'
import { printRows } from '../output/rows.ts'
import type { CommandIo } from './command-io.ts'

export interface DoctorOptions extends AccessOptions {
  json?: boolean
}

/**
 * Looks at every part as its users would, and says what is wrong and what to do.
 * @returns the exit code: 1 where there is a fault
 */
export async function doctor(options: DoctorOptions, io: CommandIo): Promise<number> {
  return withAccess(options, io, async (access) => {
    const findings: Finding[] = [
      ...(await lookAtInstance(access)),
      ...(await lookAtStore(access)),
      ...lookAtLogs(access),
      ...(await lookAtDoors(access, io.now())),
    ]
    await printRows(findings, ['state', 'part', 'says', 'remedy'], options.json === true, io)
    return findings.some(({ state }) => state === 'fault') ? EXIT.faults : EXIT.ok
  })
}
