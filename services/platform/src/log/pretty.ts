/** Colours of ECMA-48, by level. */
const COLOURS: Readonly<Record<string, string>> = {
  fatal: '41;97',
  error: '31',
  warn: '33',
  info: '32',
  debug: '36',
  trace: '90',
}
const DIM = '2'
/** Known by where they stand, or of no use to somebody who looks on. */
const NOT_REPEATED = new Set(['level', 'time', 'msg', 'component'])

/**
 * A JSON line of the log as a person reads it: `12:30:05 info  collector: message key=value`. Stacks follow on lines of their own. What is
 * no JSON object comes back as it is.
 */
export function prettyLine(json: string, colour: boolean): string {
  const record = parsed(json)
  if (record === undefined) return json
  const { level, time, msg, component } = record
  const paint = (code: string | undefined, text: string) =>
    colour && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text
  const head = [
    paint(DIM, clockText(time)),
    paint(COLOURS[String(level)], String(level ?? '').padEnd(5)),
    `${component === undefined ? '' : `${String(component)}: `}${String(msg ?? '')}`,
  ]
  const facts = Object.entries(record).filter(([key]) => !NOT_REPEATED.has(key))
  const pairs = facts.map(([key, value]) => paint(DIM, `${key}=${valueText(value)}`))
  return `${[...head, ...pairs].join(' ')}\n${facts.map(([, value]) => stackText(value)).join('')}`
}

function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Local time of the day: on a terminal, the day is today. */
function clockText(time: unknown): string {
  const at = typeof time === 'string' || typeof time === 'number' ? new Date(time) : undefined
  return at === undefined || Number.isNaN(at.getTime()) ? '--:--:--' : at.toTimeString().slice(0, 8)
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  if (!isError(value)) return JSON.stringify(value) ?? ''
  return JSON.stringify(value.message)
}

function stackText(value: unknown): string {
  if (!isError(value)) return ''
  const lines = value.stack.split('\n').map((line) => `    ${line}\n`)
  return lines.join('') + ('cause' in value ? stackText(value.cause) : '')
}

function isError(value: unknown): value is { message: string; stack: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    typeof value.message === 'string' &&
    'stack' in value &&
    typeof value.stack === 'string'
  )
}
