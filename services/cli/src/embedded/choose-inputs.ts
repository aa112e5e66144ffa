import { join } from 'node:path'
import { placeSample } from '@tlsrep/collector/sample/sample-log'
import type { Config, InputConfig } from '@tlsrep/platform/config/config'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { machineZone } from '../wiring/collector.ts'
import { findMailLogs } from './find-logs.ts'

export interface ChosenInputs {
  inputs: readonly InputConfig[]
  /** What is read, and why that, in a sentence or two. */
  told: string
}

/**
 * For a collector that runs by itself: the same, but for the sample, which has no place in a shared log.
 * @throws OperatorError where there is nothing to read
 */
export function chooseLogs(config: Config, named: readonly string[]): readonly InputConfig[] {
  if (named.length > 0) return named.map(inputOf)
  if (config.collector.inputs.length > 0) return config.collector.inputs
  const { readable } = findMailLogs()
  if (readable.length > 0) return readable.map(inputOf)
  throw new OperatorError({
    code: 'TLSREP_NO_INPUTS',
    message: 'there is nothing to read: no input is configured, and no mail log that this user may read was found',
    where: 'collector.inputs',
    remedy: 'Name the logs in collector.inputs, or with --log.',
  })
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
