import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isGlob } from '@tlsrep/collector/inputs/find-logs'
import { placeSample } from '@tlsrep/collector/sample/sample-log'
import type { Config, InputConfig } from '@tlsrep/platform/config/config'
import { OperatorError } from '@tlsrep/platform/errors/operator-error'
import { machineZone } from '../wiring/collector.ts'
import { type FoundLogs, findMailLogs, isFile, isReadable } from './find-logs.ts'

export interface ChosenInputs {
  inputs: readonly InputConfig[]
  /** What is read, and why that, in a few sentences, the first of which goes on from a label. */
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

/**
 * Logs named on the command line, else those of the configuration, else those of this machine, else the sample that comes with tlsrep.
 * @param machine the mail logs of this machine
 */
export function chooseInputs(
  config: Config,
  named: readonly string[],
  now: number,
  machine: () => FoundLogs = findMailLogs,
): ChosenInputs {
  const folder = join(config.data, 'sample')
  const samplePlayed = existsSync(folder)
  const earlier = samplePlayed
    ? ` The sample log of an earlier start is still counted; to be rid of it, stop, remove ${config.data}, and start again.`
    : ''
  const { inputs } = config.collector
  if (named.length > 0) return { inputs: named.map(inputOf), told: `${named.map(namedText).join(', ')}.${earlier}` }
  if (inputs.length > 0) {
    const paths = inputs.flatMap(({ log }) => log ?? ['-'])
    return { inputs, told: `${paths.map(namedText).join(', ')}.${earlier}` }
  }
  const { readable, forbidden } = machine()
  const refused =
    forbidden.length === 0
      ? ''
      : ` This user may not read ${forbidden.join(', ')}: add it to the group that owns the log (Debian: adm).`
  if (readable.length > 0) {
    return { inputs: readable.map(inputOf), told: `${readable.join(', ')}, found on this machine.${refused}${earlier}` }
  }
  const sample = placeSample(folder, { endsAt: now, zone: machineZone() })
  return {
    inputs: [{ log: [sample], name: 'sample', mta: 'auto' }],
    told: `${samplePlayed ? SAMPLE_AGAIN : SAMPLE_FIRST}${refused} To read yours: start --log FILE.`,
  }
}

const SAMPLE_FIRST =
  'a sample log, since no mail log that can be read was found on this machine. A real Postfix wrote the sample; its times are moved so that it ends now.'
const SAMPLE_AGAIN =
  'the sample log of the first start, since there is still no mail log that can be read on this machine. It goes on where it was.'

/** A path as it is told, with what keeps it from being read. */
function namedText(path: string): string {
  if (path === '-') return 'standard input'
  if (isGlob(path) || (isFile(path) && isReadable(path))) return path
  if (isFile(path)) return `${path} (this user may not read it)`
  return existsSync(path)
    ? `${path} (this is no file)`
    : `${path} (not there: check the path; it is read as soon as it appears)`
}

function inputOf(path: string): InputConfig {
  return path === '-' ? { stdin: true, name: 'stdin', mta: 'auto' } : { log: [path], name: path, mta: 'auto' }
}
