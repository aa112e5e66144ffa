import { z } from 'zod'
import type { Path } from './yaml-tree.ts'

/** What the tree of the schema says at one place, without its wrappers (default, optional, transformed). */
export interface SchemaNode {
  schema: z.core.$ZodType
  description: string | undefined
  /** As it would be written; undefined where there is none. */
  defaultInput: unknown
  isOptional: boolean
  /** What a person may write; from the metadata. */
  kind: string | undefined
  example: unknown
  /** What the text must look like; the published schema has it too. */
  pattern: string | undefined
}

/** Takes the wrappers off. The outermost description counts, and the innermost example. */
export function unwrap(schema: z.core.$ZodType): SchemaNode {
  const node: SchemaNode = {
    schema,
    description: undefined,
    defaultInput: undefined,
    isOptional: false,
    kind: undefined,
    example: undefined,
    pattern: undefined,
  }
  for (let inner: z.core.$ZodType | undefined = schema; inner !== undefined; inner = innerOf(inner)) {
    const { description, kind, examples, pattern } = z.globalRegistry.get(inner) ?? {}
    node.schema = inner
    node.description ??= description
    node.kind ??= typeof kind === 'string' ? kind : undefined
    node.example ??= Array.isArray(examples) ? examples[0] : undefined
    node.pattern ??= typeof pattern === 'string' ? pattern : undefined
    if (inner instanceof z.ZodPrefault) node.defaultInput ??= inner.def.defaultValue
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault) node.isOptional = true
  }
  return node
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return schema.def.innerType
  return schema instanceof z.ZodPipe ? schema.def.in : undefined
}

/** A value that may be written there; undefined where none is known. */
export function exampleInput(node: SchemaNode | undefined): unknown {
  return node?.example ?? node?.defaultInput ?? exampleByType(node?.schema)
}

function exampleByType(schema: z.core.$ZodType | undefined): unknown {
  if (schema instanceof z.ZodEnum) return schema.options[0]
  if (schema instanceof z.ZodBoolean) return true
  return schema instanceof z.ZodObject ? {} : undefined
}

/** The schema at a path; undefined where the schema has nothing there. */
export function schemaAt(root: z.core.$ZodType, path: Path): SchemaNode | undefined {
  let node = unwrap(root)
  for (const step of path) {
    const next = childOf(node.schema, step)
    if (next === undefined) return undefined
    node = unwrap(next)
  }
  return node
}

function childOf(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, step) ? schema.shape[step] : undefined
  if (schema instanceof z.ZodArray) return schema.def.element
  return schema instanceof z.ZodUnion
    ? schema.def.options.find((option) => unwrap(option).schema instanceof z.ZodArray && typeof step === 'number')
    : undefined
}

/** Names of the keys that may be written at a place; empty where it is no section. */
export function keysOf(node: SchemaNode | undefined): string[] {
  return node?.schema instanceof z.ZodObject ? Object.keys(node.schema.shape) : []
}

/** Every path of the schema, sections before what is in them; items of lists stand as `[]`. */
export function* walk(
  root: z.core.$ZodType,
  path: readonly string[] = [],
): Generator<{ path: readonly string[]; node: SchemaNode }> {
  const node = unwrap(root)
  yield { path, node }
  if (node.schema instanceof z.ZodObject) {
    for (const [key, child] of Object.entries(node.schema.shape)) yield* walk(child as z.core.$ZodType, [...path, key])
  }
  if (node.schema instanceof z.ZodArray && unwrap(node.schema.def.element).schema instanceof z.ZodObject) {
    yield* walk(node.schema.def.element, [...path, '[]'])
  }
}

/** Fills defaults into a value as it would be written, so that it can be shown. The value must be one that the schema takes. */
export function withDefaults(root: z.core.$ZodType, written: unknown): unknown {
  const { schema, defaultInput } = unwrap(root)
  const value = written ?? defaultInput
  if (schema instanceof z.ZodObject && typeof value === 'object' && value !== null) {
    const entries = Object.entries(schema.shape).map(([key, child]) => [
      key,
      withDefaults(child as z.core.$ZodType, (value as Record<string, unknown>)[key]),
    ])
    return Object.fromEntries(entries.filter(([, filled]) => filled !== undefined))
  }
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return value.map((item) => withDefaults(schema.def.element, item))
  return value
}
