import { OperatorError } from '../errors/operator-error.ts'
import { escapeText } from '../log/escape.ts'

/** One thing that is wrong with a configuration, as far as a person needs it to mend it. */
export interface ConfigProblem {
  /** The file as it was named. */
  file: string
  /** Both from 1; null where the file as a whole is meant. */
  line: number | null
  column: number | null
  /** The key, e.g. `publisher.outputs.dnsbl.listen` or `relays[2]`; empty where no key is meant. */
  path: string
  /** What is wrong, without a full stop. */
  problem: string
  /** What to write instead, as a sentence. */
  instead: string
}

/** For people: `FILE:LINE:COLUMN: KEY: what is wrong`, below it what to write instead. */
export function problemText({ file, line, column, path, problem, instead }: ConfigProblem): string {
  const where = [file, line, column].filter((part) => part !== null).join(':')
  const what = path === '' ? problem : `${path}: ${problem}`
  return `${escapeText(`${where}: ${what}`)}\n    ${escapeText(instead)}\n`
}

/** All problems as one error, for a start that cannot go on. */
export function configError(problems: readonly ConfigProblem[]): OperatorError {
  const files = [...new Set(problems.map(({ file }) => file))].join(', ')
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return new OperatorError({
    code: 'TLSREP_CONFIG_INVALID',
    message: `the configuration has ${count}\n${problems.map(problemText).join('').trimEnd()}`,
    where: files,
    remedy: 'Mend what is named above; `tlsrep validate` tells whether all is well.',
  })
}

/** A key's path as people write it: `listeners[0].port`. */
export function pathText(path: readonly (string | number)[]): string {
  return path.map((step, index) => stepText(step, index === 0)).join('')
}

function stepText(step: string | number, isFirst: boolean): string {
  if (typeof step === 'number') return `[${step}]`
  const plain = /^[\w-]+$/.test(step) ? step : JSON.stringify(step.slice(0, 80))
  return isFirst ? plain : `.${plain}`
}
