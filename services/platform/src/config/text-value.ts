import { z } from 'zod'

/** What a value's reader says: the value, or why the text is none and what to write instead. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; why: string; instead: string }

/** What a kind of value is called in the reference, and what an editor may check while somebody types. */
export interface TextKind {
  /** Name of the kind in docs/configuration.md. */
  kind: string
  example: string
  /** Regular expression for the published JSON Schema; the reader stays the judge. */
  pattern?: string
}

/** A value that is written as text and read by `parse`; what is wrong with it arrives as a `custom` issue with `params.instead`. */
export function textValue<T>(parse: (text: string) => Parsed<T>, { kind, example, pattern }: TextKind) {
  return z
    .string()
    .meta({ kind, examples: [example], ...(pattern === undefined ? {} : { pattern }) })
    .transform((text, context): T => {
      const parsed = parse(text)
      if (parsed.ok) return parsed.value
      context.issues.push({ code: 'custom', message: parsed.why, params: { instead: parsed.instead }, input: text })
      return z.NEVER
    })
}

/** Quotes a value for a message, cut where it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
