import { readFileSync } from 'node:fs'
import { parsePolicy } from '@tlsrep/core/policy/parse-policy'
import type { Config } from '@tlsrep/platform/config/config'
import { loadConfig } from '@tlsrep/platform/config/load-config'
import { type ConfigProblem, problemText } from '@tlsrep/platform/config/problem'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import type { CommandIo } from './command-io.ts'

export interface ValidateOptions {
  config?: string
  json?: boolean
  /** Prints the file as it would be with every default written out, instead of a verdict. */
  printConfig?: boolean
}

/**
 * Says whether the configuration, and the policy file that it names, are right: in one sentence on stdout, or everything that is wrong on
 * stderr, in the order of the files.
 * @returns the exit code
 */
export async function validate(options: ValidateOptions, io: CommandIo): Promise<number> {
  const readFile = (path: string): string => readFileSync(path, 'utf8')
  const loaded = loadConfig({ explicitPath: options.config, cwd: process.cwd(), readFile, env: io.env })
  const problems = loaded.ok ? policyProblems(loaded.config, readFile) : loaded.problems
  if (!loaded.ok || problems.length > 0) {
    if (options.json) await written(io.stdout, `${JSON.stringify({ ok: false, problems })}\n`)
    else await written(io.stderr, problemsText(problems))
    return EXIT.usage
  }
  const { config, source = null, effective } = loaded
  if (options.printConfig) await written(io.stdout, effective)
  else if (options.json) await written(io.stdout, `${JSON.stringify({ ok: true, source, config })}\n`)
  else await written(io.stdout, `${okText(config)} (${source ?? 'no file: the defaults'})\n`)
  return EXIT.ok
}

function policyProblems(config: Config, readFile: (path: string) => string): ConfigProblem[] {
  if (config.policy === undefined) return []
  const parsed = parsePolicy(readFile(config.policy), config.policy)
  if (parsed.ok) return []
  return parsed.problems.map(({ source, line, path, message, suggestion }) => ({
    file: source,
    line,
    column: null,
    path,
    problem: message,
    instead: suggestion,
  }))
}

function problemsText(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return `${problems.map(problemText).join('')}tlsrep: ${count}\n`
}

function okText({ collector, listeners, clickhouse, publisher }: Config): string {
  const { dnsbl, policy_service, files } = publisher.outputs
  const outputs = [
    ...(dnsbl.enabled ? ['dnsbl'] : []),
    ...(policy_service.enabled ? ['policy service'] : []),
    ...(files.length > 0 ? [counted(files.length, 'file')] : []),
    'feed',
  ]
  return [
    'ok',
    collector.inputs.length === 0 ? 'no inputs named' : counted(collector.inputs.length, 'input'),
    counted(listeners.length, 'listener'),
    `ClickHouse ${clickhouse.url === undefined ? 'as a child' : `at ${clickhouse.url}`}`,
    `outputs ${outputs.join(' + ')}`,
    `mode ${publisher.mode}`,
    `cap ${publisher.cap}`,
  ].join(', ')
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
