import { join } from 'node:path'
import { placeSample } from '@tlsrep/collector/sample/sample-log'
import type { Config, InputConfig } from '@tlsrep/platform/config/config'
import { machineZone } from '../wiring/collector.ts'
import { findMailLogs } from './find-logs.ts'

export interface ChosenInputs {
  inputs: readonly InputConfig[]
  /** What is read, and why that, in a sentence or two. */
  told: string
}

/** Logs named on the command line, else those of the configuration, else those of this machine, else the sample that comes with tlsrep. */
export function chooseInputs(config: Config, named: readonly string[], now: number): ChosenInputs {
  if (named.length > 0) return { inputs: named.map(inputOf), told: named.join(', ') }
  const { inputs } = config.collector
  if (inputs.length > 0)
    return { inputs, told: inputs.map(({ log }) => log?.join(', ') ?? 'standard input').join(', ') }
  const { readable, forbidden } = findMailLogs()
  const refused =
    forbidden.length === 0 ? '' : ` This user may not read ${forbidden.join(', ')} (group adm may, on Debian).`
  if (readable.length > 0)
    return { inputs: readable.map(inputOf), told: `${readable.join(', ')}, found on this machine.${refused}` }
  const sample = placeSample(join(config.data, 'sample'), { endsAt: now, zone: machineZone() })
  const told =
    `no mail log of this machine.${refused} In its place plays a log that a real Postfix wrote, its times moved so that it ends ` +
    'at the first start; --log FILE reads yours.'
  return { inputs: [{ log: [sample], name: 'sample', mta: 'auto' }], told }
}

function inputOf(path: string): InputConfig {
  return path === '-' ? { stdin: true, name: 'stdin', mta: 'auto' } : { log: [path], name: path, mta: 'auto' }
}
