import { dirname, resolve } from 'node:path'
import { stringify } from 'yaml'
import { type Config, expandEnvironment, resolveConfig } from './config.ts'
import { type CrossProblem, crossChecks } from './cross-checks.ts'
import { valueAt, type WordedIssue, wordIssue } from './issue-words.ts'
import { type ConfigProblem, pathText } from './problem.ts'
import { configSchema, type ParsedConfig } from './schema.ts'
import { exampleInput, schemaAt, withDefaults } from './schema-walk.ts'
import { type Path, YamlTree } from './yaml-tree.ts'

export const CONFIG_FILE = 'tlsrep.yaml'
export const SYSTEM_CONFIG_FILE = '/etc/tlsrep/tlsrep.yaml'

/** A configuration is a few kilobytes; more is another file. */
const MAX_CHARACTERS = 1_000_000

export interface LoadOptions {
  /** What `--config` named. */
  explicitPath?: string | undefined
  cwd: string
  /** Gives the text of a file; throws as `readFileSync` does. */
  readFile(path: string): string
  /** For `${NAME}` in the paths of secret files; nothing else is taken from the environment. */
  env?: NodeJS.ProcessEnv
}

export type LoadedConfig =
  | {
      ok: true
      config: Config
      /** The file that was read; undefined where there was none and the defaults hold. */
      source: string | undefined
      /** The file as it would be with every default written out, YAML. */
      effective: string
    }
  | { ok: false; problems: readonly ConfigProblem[] }

/**
 * Reads the configuration: the file named, else `./tlsrep.yaml`, else `/etc/tlsrep/tlsrep.yaml`, else the defaults. Never throws for what
 * is in a file: every problem is reported, in the order of the file.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = findFile(options)
  if ('problem' in file) return { ok: false, problems: [file.problem] }
  if (file.text.length > MAX_CHARACTERS) {
    return {
      ok: false,
      problems: [wholeFile(file.path ?? '', 'the file is too large for a configuration', 'Name the right file.')],
    }
  }
  const tree = new YamlTree(file.text)
  const written = tree.value ?? {}
  const parsed = configSchema.safeParse(written)
  const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => wordIssue(issue, configSchema, written))
  const candidate = parsed.success ? parsed.data : repaired(written, issues)
  const cross =
    candidate === undefined
      ? []
      : relevant(
          crossChecks(candidate, (path) => tree.isWritten(path)),
          issues,
        )
  const env = options.env ?? {}
  const files = candidate === undefined ? [] : fileProblems(candidate, file.path, options, env)
  const problems = placed(tree, issues, [...cross, ...relevant(files, issues)], file.path ?? '')
  if (problems.length > 0 || !parsed.success) return { ok: false, problems }
  const context = { file: file.path, cwd: options.cwd, dataIsWritten: tree.isWritten(['data']), env }
  return {
    ok: true,
    config: resolveConfig(parsed.data, context),
    source: file.path,
    effective: stringify(withDefaults(configSchema, written)),
  }
}

function findFile({
  explicitPath,
  cwd,
  readFile,
}: LoadOptions): { path: string | undefined; text: string } | { problem: ConfigProblem } {
  const candidates = explicitPath === undefined ? [CONFIG_FILE, SYSTEM_CONFIG_FILE] : [explicitPath]
  for (const path of candidates) {
    try {
      return { path, text: readFile(resolve(cwd, path)) }
    } catch (error) {
      if (explicitPath === undefined && isAbsence(error)) continue
      const problem = `the file cannot be read: ${reasonOf(error)}`
      return {
        problem: wholeFile(
          path,
          problem,
          isAbsence(error) ? 'Check the path.' : 'Mend that, or name another file with --config.',
        ),
      }
    }
  }
  return { path: undefined, text: '' }
}

function wholeFile(file: string, problem: string, instead: string): ConfigProblem {
  return { file, line: null, column: null, path: '', problem, instead }
}

/**
 * The configuration as it would be without what is wrong in it, so that contradictions are found in the same run: what is broken is left
 * out where it may be, else replaced by an example.
 */
function repaired(written: unknown, issues: readonly WordedIssue[]): ParsedConfig | undefined {
  const copy: unknown = structuredClone(written)
  for (const { path, about } of issues) {
    const [parent, last] = [valueAt(copy, path.slice(0, -1)), path.at(-1)]
    if (last === undefined || typeof parent !== 'object' || parent === null) return undefined
    const node = schemaAt(configSchema, path)
    const record = parent as Record<string | number, unknown>
    if (about === 'key' || node?.isOptional) delete record[last]
    else record[last] = structuredClone(exampleInput(node))
  }
  const parsed = configSchema.safeParse(copy)
  return parsed.success ? parsed.data : undefined
}

/** A contradiction with something that is wrong by itself is no news. */
function relevant(problems: readonly CrossProblem[], issues: readonly WordedIssue[]): CrossProblem[] {
  const broken = issues.filter(({ about }) => about !== 'key').map(({ path }) => path)
  return problems.filter(({ parties }) => !parties.some((party) => broken.some((path) => isWithin(party, path))))
}

function isWithin(path: Path, outer: Path): boolean {
  return outer.every((step, index) => path[index] === step)
}

/** Files that cannot be read would stop the start; here the line that names them can be told. */
function fileProblems(
  config: ParsedConfig,
  file: string | undefined,
  { cwd, readFile }: LoadOptions,
  env: NodeJS.ProcessEnv,
): CrossProblem[] {
  const named: [Path, string | undefined][] = [
    [['policy'], config.policy],
    [['clickhouse', 'password_file'], config.clickhouse.password_file],
    [['http', 'tls', 'cert'], config.http.tls?.cert],
    [['http', 'tls', 'key'], config.http.tls?.key],
    [['kafka', 'tls', 'ca'], config.kafka?.tls?.ca],
    [['kafka', 'tls', 'cert'], config.kafka?.tls?.cert],
    [['kafka', 'tls', 'key'], config.kafka?.tls?.key],
    [['kafka', 'sasl', 'password_file'], config.kafka?.sasl?.password_file],
    [['kafka', 'schema_registry', 'password_file'], config.kafka?.schema_registry?.password_file],
    [['kafka', 'schema_registry', 'tls', 'ca'], config.kafka?.schema_registry?.tls?.ca],
    [['kafka', 'schema_registry', 'tls', 'cert'], config.kafka?.schema_registry?.tls?.cert],
    [['kafka', 'schema_registry', 'tls', 'key'], config.kafka?.schema_registry?.tls?.key],
  ]
  return named.flatMap(([path, text]): CrossProblem[] => {
    if (text === undefined) return []
    const { text: expanded, unset } = expandEnvironment(text, env)
    if (unset !== undefined) {
      return [
        {
          path,
          parties: [path],
          problem: `the environment has no variable ${unset}`,
          instead: 'Set it, or write the path itself.',
        },
      ]
    }
    try {
      readFile(resolve(cwd, dirname(file ?? ''), expanded))
      return []
    } catch (error) {
      const problem = `the file cannot be read: ${reasonOf(error)}`
      return [{ path, parties: [path], problem, instead: 'Name a file that the user who runs tlsrep may read.' }]
    }
  })
}

/**
 * Gives every problem its place. What comes behind a syntax error, or around it, may have been misread, so nothing is said about it but
 * that.
 */
function placed(
  tree: YamlTree,
  issues: readonly WordedIssue[],
  cross: readonly CrossProblem[],
  file: string,
): ConfigProblem[] {
  const readable = Math.min(...tree.problems.filter(({ syntax }) => syntax).map(({ offset }) => offset))
  const contradictions = cross.map((problem): WordedIssue => ({ about: 'value', ...problem }))
  const certain = [...issues, ...contradictions].filter(({ path, about }) =>
    about === 'key' ? tree.keyOffset(path) < readable : tree.endOffset(path) < readable,
  )
  return [
    ...tree.problems,
    ...certain.map((issue) => ({
      ...issue,
      offset: issue.about === 'value' ? tree.valueOffset(issue.path) : tree.keyOffset(issue.path),
    })),
  ]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, path, problem, instead }) => ({
      file,
      ...tree.position(offset),
      path: pathText(path),
      problem,
      instead,
    }))
}

function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')
}

function reasonOf(error: unknown): string {
  const known = REASONS[codeOf(error) ?? '']
  return known ?? (error instanceof Error ? error.message : String(error))
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EISDIR: 'it is a directory',
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
