import { stringify } from 'yaml'
import { z } from 'zod'
import { nearest } from './nearest.ts'
import { exampleInput, keysOf, type SchemaNode, schemaAt, walk } from './schema-walk.ts'
import { quoted } from './text-value.ts'
import type { Path } from './yaml-tree.ts'

type Issue = z.core.$ZodIssue

const SEE_REFERENCE = 'See docs/configuration.md.'

/** A problem before it has a place in a file. */
export interface WordedIssue {
  path: Path
  problem: string
  instead: string
  /** What the problem is about: the key itself (it should not be there), its value, or that it is not there at all. */
  about: 'key' | 'value' | 'absence'
}

/** Says in words what a schema found wrong with a value. An issue may be several problems: one a key. */
export function wordIssue(issue: Issue, root: z.core.$ZodType, written: unknown): WordedIssue[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  const node = schemaAt(root, path)
  const value = valueAt(written, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, node, root))
    case 'invalid_union':
      return wordIssue({ ...closestBranch(issue, value), path: issue.path }, root, written)
    case 'custom':
      return [customWords(issue, path)]
    case 'invalid_type':
      return [value === undefined ? missing(path, node) : wrongType(path, issue.expected, value, node)]
    case 'invalid_value':
      return [wrongWord(path, issue.values.map(String), value, node)]
    case 'too_small':
    case 'too_big':
      return [outOfRange(path, issue, value, node)]
    default:
      return [{ path, about: 'value', problem: issue.message, instead: exampleOf(path, node) }]
  }
}

/** What a reader of text values (text-value.ts) said. */
function customWords({ message, params }: z.core.$ZodIssueCustom, path: Path): WordedIssue {
  const { instead } = params ?? {}
  return { path, about: 'value', problem: message, instead: typeof instead === 'string' ? instead : SEE_REFERENCE }
}

function unknownKey(key: string, path: Path, node: SchemaNode | undefined, root: z.core.$ZodType): WordedIssue {
  const keys = keysOf(node)
  const close = nearest(key, keys)
  const instead =
    close !== undefined ? `Did you mean ${close}?` : (elsewhere(key, root) ?? `Keys here are ${keys.join(', ')}.`)
  return { path: [...path, key], about: 'key', problem: 'there is no such key', instead }
}

/** A key that is right and stands in the wrong place: often one level of indentation. */
function elsewhere(key: string, root: z.core.$ZodType): string | undefined {
  const places = [...walk(root)]
    .filter(({ path }) => path.at(-1) === key)
    .map(({ path }) => path.join('.').replaceAll('.[]', '[]'))
  return places.length === 0 ? undefined : `It belongs elsewhere: ${places.slice(0, 4).join(', ')}.`
}

/** Of several ways to write a value, the one that somebody most likely tried. */
function closestBranch(issue: z.core.$ZodIssueInvalidUnion, value: unknown): Issue {
  const branches = issue.errors
    .map((issues) => issues.find(({ path }) => path.length === 0) ?? issues[0])
    .filter((first) => first !== undefined)
  const tried =
    branches.find(({ code }) => code !== 'invalid_type') ??
    branches.find((first) => Array.isArray(value) === ('expected' in first && first.expected === 'array'))
  return tried ?? { code: 'custom', message: 'cannot be read', path: [] }
}

function missing(path: Path, node: SchemaNode | undefined): WordedIssue {
  return { path, about: 'absence', problem: 'is missing', instead: exampleOf(path, node) }
}

function wrongType(path: Path, expected: string, value: unknown, node: SchemaNode | undefined): WordedIssue {
  return {
    path,
    about: 'value',
    problem: `${TYPE_NAMES[expected] ?? expected} is needed here, and this is ${foundText(value)}`,
    instead: typeRepair(expected, value, node) ?? exampleOf(path, node),
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section with keys of its own',
}

function foundText(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a section with keys'
  return typeof value === 'string'
    ? `the text ${quoted(value)}`
    : `the ${typeof value === 'number' ? 'number ' : 'word '}${String(value)}`
}

/** Where YAML read something else than was meant, the same value written so that it is what is needed. */
function typeRepair(expected: string, value: unknown, node: SchemaNode | undefined): string | undefined {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    if (node?.pattern !== undefined && !new RegExp(node.pattern).test(String(value))) return undefined
    return `Put it in quotes: "${String(value)}".`
  }
  if (typeof value !== 'string') return undefined
  if ((expected === 'number' || expected === 'int') && /^\d+(\.\d+)?$/.test(value))
    return `Write it without quotes: ${value}.`
  if (expected === 'boolean' && /^(yes|on)$/i.test(value)) return 'Write true.'
  return expected === 'boolean' && /^(no|off)$/i.test(value) ? 'Write false.' : undefined
}

function wrongWord(path: Path, words: readonly string[], value: unknown, node: SchemaNode | undefined): WordedIssue {
  if (value === undefined) return missing(path, node)
  const close = typeof value === 'string' ? nearest(value, words) : undefined
  const choices = words.length === 1 ? `Write ${words[0]}, or leave the key out.` : `Write one of ${words.join(', ')}.`
  const problem =
    typeof value === 'object'
      ? `a word is needed here, and this is ${foundText(value)}`
      : `there is no ${quoted(String(value))} here`
  return { path, about: 'value', problem, instead: close === undefined ? choices : `Did you mean ${close}? ${choices}` }
}

function outOfRange(
  path: Path,
  issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig,
  value: unknown,
  node: SchemaNode | undefined,
): WordedIssue {
  if (issue.origin === 'array' || issue.origin === 'string') {
    return { path, about: 'value', problem: 'is empty', instead: `${exampleOf(path, node)} Or leave the key out.` }
  }
  const bound = issue.code === 'too_small' ? `less than ${issue.minimum}` : `more than ${issue.maximum}`
  const range =
    node?.schema instanceof z.ZodNumber
      ? `Write ${node.schema.minValue} to ${node.schema.maxValue}.`
      : exampleOf(path, node)
  return { path, about: 'value', problem: `${String(value)} is ${bound}`, instead: range }
}

/** An example as it would be written, in one line. */
function exampleOf(path: Path, node: SchemaNode | undefined): string {
  const example = exampleInput(node)
  if (example === undefined) return SEE_REFERENCE
  if (path.length === 0) return `Write keys and their values: ${keysOf(node).join(', ')}.`
  const key = path.findLast((step) => typeof step === 'string')
  const written = stringify(example, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trimEnd()
  if (typeof path.at(-1) === 'number' || key === undefined) return `Write e.g. \`${written}\`.`
  if (typeof example === 'object' && !Array.isArray(example) && Object.keys(example ?? {}).length === 0) {
    return `Write keys below ${key}: ${keysOf(node).join(', ')}.`
  }
  return `Write e.g. \`${key}: ${written}\`.`
}

/** What is written at a path; undefined where nothing is. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}
