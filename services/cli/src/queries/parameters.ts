import { canonicalSender } from '@tlsrep/core/sender/sender-key'
import type { Question } from './questions.ts'

/** Values of a view's parameters; `since` and `until` are days. */
export type Values = Readonly<Record<string, string>> & { readonly since: string; readonly until: string }

export type Parameters = { ok: true; values: Values } | { ok: false; message: string }

const DAY_MS = 86_400_000

/**
 * The parameters of a question: what was given as NAME=VALUE, and the days that it looks back by default.
 * @param now milliseconds since 1970 UTC
 */
export function parametersOf(question: Question, given: readonly string[], now: number): Parameters {
  const known = ['since', 'until', ...Object.keys(question.parameters)]
  const values: Record<string, string> & { since?: string; until?: string } = {}
  for (const text of given) {
    const equals = text.indexOf('=')
    const key = text.slice(0, Math.max(0, equals))
    if (!known.includes(key)) {
      return wrong(text, `write NAME=VALUE; ${question.name} takes ${known.join(', ')}`)
    }
    const read = readValue(key, text.slice(equals + 1))
    if ('instead' in read) return wrong(text, read.instead)
    values[key] = read.value
  }
  for (const [key, { means, example }] of Object.entries(question.parameters)) {
    if (values[key] === undefined) return { ok: false, message: `${question.name} needs ${means}: --param ${example}` }
  }
  const until = values.until ?? dayOf(now + DAY_MS)
  const since = values.since ?? dayOf(Math.min(now + DAY_MS, Date.parse(until)) - (question.days + 1) * DAY_MS)
  if (since >= until)
    return { ok: false, message: `since=${since} is not before until=${until}, which is not included` }
  return { ok: true, values: { ...values, since, until } }
}

function wrong(text: string, instead: string): Parameters {
  return { ok: false, message: `--param ${text}: ${instead}` }
}

function readValue(key: string, value: string): { value: string } | { instead: string } {
  if (key === 'sender') {
    const found = canonicalSender(value)
    return found.ok ? { value: found.sender } : { instead: `${found.message}. ${found.remedy}` }
  }
  return isDay(value) ? { value } : { instead: `write a day, e.g. ${key}=2026-11-01` }
}

/** A day that the calendar has; ClickHouse's Date ends in 2149. */
function isDay(text: string): boolean {
  if (!/^(?:19[7-9]\d|20\d\d|21[0-3]\d)-\d\d-\d\d$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && dayOf(time) === text
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
