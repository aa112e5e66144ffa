import type { z } from 'zod'
import { closest } from './closest.ts'
import type { Fault } from './cross-checks.ts'
import { policySchema } from './policy.ts'

type Issue = z.core.$ZodIssue
type Path = readonly (string | number)[]

/** What a validation issue means to the person who wrote the file, and what to write instead. Several where several keys are wrong. */
export function describeIssue(issue: Issue): Fault[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], key, keysAt(path)))
    case 'invalid_value':
      return [{ path, ...invalidValue(issue) }]
    case 'invalid_type':
      return [{ path, ...invalidType(issue, path) }]
    case 'too_small':
      return [{ path, message: `${shown(issue.input)} is too small`, suggestion: atLeast(issue) }]
    case 'too_big':
      return [{ path, message: `${shown(issue.input)} is too ${sizeWord(issue.origin)}`, suggestion: atMost(issue) }]
    default:
      return [{ path, message: issue.message, suggestion: 'see the commented default policy for what may stand here' }]
  }
}

function unknownKey(path: Path, key: string, allowed: readonly string[]): Fault {
  const meant = closest(key, allowed)
  return {
    path,
    message: `unknown key ${shown(key)}`,
    suggestion: meant === undefined ? `remove it; allowed here: ${allowed.join(', ')}` : `did you mean ${meant}?`,
  }
}

function invalidValue({ values, input }: z.core.$ZodIssueInvalidValue): Omit<Fault, 'path'> {
  const allowed = values.map(String)
  const meant = typeof input === 'string' ? closest(input, allowed) : undefined
  return {
    message: `${shown(input)} is not possible here`,
    suggestion: meant === undefined ? `write one of: ${allowed.join(', ')}` : `did you mean ${meant}?`,
  }
}

function invalidType({ expected, input }: z.core.$ZodIssueInvalidType, path: Path): Omit<Fault, 'path'> {
  if (input === undefined) {
    return {
      message: `${path.at(-1) ?? 'value'} is missing`,
      suggestion: `add ${path.at(-1) ?? 'it'}: with ${article(expected)}`,
    }
  }
  if (input === null) {
    return { message: 'nothing stands behind this key', suggestion: `remove the line, or write ${article(expected)}` }
  }
  const keys = keysAt(path)
  const within = expected === 'object' && keys.length > 0 ? ` (${keys.join(', ')})` : ''
  return { message: `${shown(input)} is not ${article(expected)}`, suggestion: `write ${article(expected)}${within}` }
}

function article(expected: string): string {
  switch (expected) {
    case 'object':
    case 'record':
      return 'a block of keys'
    case 'array':
      return 'a list'
    case 'int':
      return 'a whole number'
    case 'string':
      return 'a text'
    default:
      return `a ${expected}`
  }
}

function sizeWord(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'long' : 'large'
}

function atLeast({ minimum, inclusive, origin }: z.core.$ZodIssueTooSmall): string {
  if (origin === 'string' || origin === 'array')
    return `write at least ${minimum} ${origin === 'string' ? 'characters' : 'entries'}`
  return inclusive === false ? `write more than ${minimum}` : `write ${minimum} or more`
}

function atMost({ maximum, inclusive, origin }: z.core.$ZodIssueTooBig): string {
  if (origin === 'string' || origin === 'array')
    return `write at most ${maximum} ${origin === 'string' ? 'characters' : 'entries'}`
  return inclusive === false ? `write less than ${maximum}` : `write ${maximum} or less`
}

function shown(input: unknown): string {
  const text = JSON.stringify(input) ?? String(input)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** Keys that the schema knows at a path, through defaults, lists and named entries. */
function keysAt(path: Path): readonly string[] {
  let schema: unknown = policySchema
  for (const step of path) {
    const { shape, element, valueType } = parts(schema)
    schema = shape?.[String(step)] ?? element ?? valueType
  }
  return Object.keys(parts(schema).shape ?? {})
}

type Parts = { shape?: Record<string, unknown>; element?: unknown; valueType?: unknown; innerType?: unknown }

function parts(schema: unknown): Parts {
  const definition = (schema as { _zod?: { def: Parts } } | undefined)?._zod?.def ?? {}
  return definition.innerType === undefined ? definition : parts(definition.innerType)
}
