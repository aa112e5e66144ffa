import { canonicalSender } from '@tlsrep/publisher/list/sender-key'
import { type Access, type AccessOptions, withAccess } from '../access/access.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { printRows, type Row } from '../output/rows.ts'
import { QUESTIONS, type Question } from '../queries/questions.ts'
import { drawTable, styleFor } from '../table/draw-table.ts'
import type { CommandIo } from './command-io.ts'

export interface QueryOptions extends AccessOptions {
  param?: readonly string[]
  json?: boolean
  limit: number
}

const DAY_MS = 86_400_000

/**
 * Asks a ready-made question; without a name, lists them.
 * @returns the exit code
 */
export async function query(name: string | undefined, options: QueryOptions, io: CommandIo): Promise<number> {
  if (name === undefined) {
    await written(io.stdout, options.json ? questionsJson() : questionsText(io))
    return EXIT.ok
  }
  const question = QUESTIONS.find((candidate) => candidate.name === name)
  if (question === undefined) {
    const names = QUESTIONS.map((candidate) => candidate.name).join(', ')
    return wrong(`there is no question ${JSON.stringify(name)}. The questions are: ${names}`, io)
  }
  const parameters = parametersOf(question, options.param ?? [], io.now())
  if (!parameters.ok) return wrong(parameters.message, io)
  return withAccess(options, io, (access) => ask(access, question, parameters.values, options, io))
}

async function wrong(message: string, io: CommandIo): Promise<number> {
  await written(io.stderr, `tlsrep: ${message}\n`)
  return EXIT.usage
}

async function ask(
  { clickhouse }: Access,
  { view, parameters }: Question,
  values: Values,
  { json = false, limit }: QueryOptions,
  io: CommandIo,
): Promise<number> {
  const typed = [
    'since={since:Date}',
    'until={until:Date}',
    ...Object.entries(parameters).map(([key, { type }]) => `${key}={${key}:${type}}`),
  ]
  const rows = await clickhouse.rows<Row>(`SELECT * FROM ${view}(${typed.join(', ')}) LIMIT {limit:UInt32}`, {
    ...values,
    limit: limit + 1,
  })
  if (rows.length === 0) {
    if (!json) await written(io.stderr, `tlsrep: nothing between ${values.since} and ${values.until} (UTC)\n`)
    return EXIT.ok
  }
  await printRows(rows.slice(0, limit), Object.keys(rows[0] ?? {}), json, io)
  if (rows.length > limit) await written(io.stderr, `tlsrep: the first ${limit} rows; --limit N shows more\n`)
  return EXIT.ok
}

type Values = Record<string, string> & { since: string; until: string }
type Parameters = { ok: true; values: Values } | { ok: false; message: string }

function parametersOf(question: Question, given: readonly string[], now: number): Parameters {
  const values: Values = {
    since: dayOf(now - question.days * DAY_MS),
    until: dayOf(now + DAY_MS),
  }
  const known = ['since', 'until', ...Object.keys(question.parameters)]
  for (const text of given) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? []
    if (!known.includes(key)) {
      return { ok: false, message: `--param ${text}: write NAME=VALUE; ${question.name} takes ${known.join(', ')}` }
    }
    const read = readValue(key, value)
    if (read === undefined) return { ok: false, message: `--param ${text}: write a day, e.g. ${key}=2026-11-01` }
    values[key] = read
  }
  for (const [key, { means, example }] of Object.entries(question.parameters)) {
    if (values[key] === undefined) return { ok: false, message: `${question.name} needs ${means}: --param ${example}` }
  }
  return { ok: true, values }
}

function readValue(key: string, value: string): string | undefined {
  if (key !== 'sender') {
    const time = Date.parse(`${value}T00:00:00Z`)
    return /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(time) ? value : undefined
  }
  const sender = canonicalSender(value)
  return sender.ok ? sender.sender : value
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function questionsText(io: CommandIo): string {
  const columns = [{ title: 'question' }, { title: 'what it answers', wraps: 'words' as const }]
  const rows = QUESTIONS.map(({ name, asks }) => [name, asks])
  return drawTable(columns, rows, styleFor(io.stdout, io.env))
}

function questionsJson(): string {
  return QUESTIONS.map(({ name, asks, view }) => `${JSON.stringify({ name, asks, view })}\n`).join('')
}
