import { type Parsed, quoted, textValue } from './text-value.ts'

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** Powers of ten for kB, MB, GB; of two for KiB, MiB, GiB (IEC 80000-13). */
const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}
const SHAPE = /^(\d{1,15}(?:\.\d{1,6})?)\s?([A-Za-z]*)$/

/** Bounds of a quantity, both included, as they are written. */
export interface Bounds {
  min: string
  max: string
}

/** A length of time such as `90s` or `7d`; the value is in milliseconds. */
export function duration(bounds: Bounds, example = bounds.min) {
  return textValue((text) => within(text, bounds, parseDuration), {
    kind: `duration, ${bounds.min} to ${bounds.max}`,
    example,
    pattern: '^[0-9]+(\\.[0-9]+)? ?(ms|s|m|h|d)$',
  })
}

/** An amount of memory or disk such as `700MB` or `2GiB`; the value is in bytes. */
export function byteSize(bounds: Bounds, example = bounds.min) {
  return textValue((text) => within(text, bounds, parseByteSize), {
    kind: `size, ${bounds.min} to ${bounds.max}`,
    example,
    pattern: '^[0-9]+(\\.[0-9]+)? ?(B|kB|MB|GB|KiB|MiB|GiB)$',
  })
}

/** Reads `500ms`, `90s`, `15m`, `12h`, `7d` as milliseconds. */
export function parseDuration(text: string): Parsed<number> {
  return parseQuantity(text, MS_PER_UNIT, 'length of time', '90s, 15m, 12h or 7d')
}

/** Reads `700MB`, `2GiB` as bytes. */
export function parseByteSize(text: string): Parsed<number> {
  return parseQuantity(text, BYTES_PER_UNIT, 'size', '700MB or 2GiB')
}

function parseQuantity(
  text: string,
  units: Readonly<Record<string, number>>,
  what: string,
  examples: string,
): Parsed<number> {
  const [, digits, unit] = SHAPE.exec(text) ?? []
  if (digits === undefined || unit === undefined) {
    return {
      ok: false,
      why: `${quoted(text)} is no ${what}`,
      instead: `Write a number and its unit, e.g. ${examples}.`,
    }
  }
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  if (factor === undefined) {
    const names = Object.keys(units).join(', ')
    const why = unit === '' ? `${quoted(text)} has no unit` : `there is no unit ${quoted(unit)} of a ${what}`
    return { ok: false, why, instead: `Units are ${names}; e.g. ${examples}.` }
  }
  return { ok: true, value: Math.round(Number(digits) * factor) }
}

function within(text: string, bounds: Bounds, parse: (text: string) => Parsed<number>): Parsed<number> {
  const parsed = parse(text)
  if (!parsed.ok) return parsed
  const [min, max] = [parse(bounds.min), parse(bounds.max)]
  if (!min.ok || !max.ok) throw new Error(`bounds ${bounds.min} to ${bounds.max} are no quantities`)
  if (parsed.value >= min.value && parsed.value <= max.value) return parsed
  const side = parsed.value < min.value ? `less than ${bounds.min}` : `more than ${bounds.max}`
  return { ok: false, why: `${text} is ${side}`, instead: `Write ${bounds.min} to ${bounds.max}.` }
}
