import { type Access, type AccessOptions, withAccess } from '../access/access.ts'
import { EXIT } from '../exit-codes.ts'
import { written } from '../output/line-writer.ts'
import { printRows } from '../output/rows.ts'
import { parametersOf, type Values } from '../queries/parameters.ts'
import { QUESTIONS, type Question } from '../queries/questions.ts'
import type { Row } from '../table/row-table.ts'
import type { CommandIo } from './command-io.ts'

export interface QueryOptions extends AccessOptions {
  param?: readonly string[]
  json?: boolean
  limit: number
}

/**
 * Asks a ready-made question; without a name, lists them.
 * @returns the exit code
 */
export async function query(name: string | undefined, options: QueryOptions, io: CommandIo): Promise<number> {
  if (name === undefined) {
    await listQuestions(options.json === true, io)
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
  { view, parameters, columns }: Question,
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
    if (!json) await written(io.stderr, `tlsrep: nothing from ${values.since} up to ${values.until} (UTC)\n`)
    return EXIT.ok
  }
  await printRows(rows.slice(0, limit), columns, json, io)
  if (rows.length > limit) {
    const shown = limit === 1 ? 'the first row' : `the first ${limit} rows`
    await written(io.stderr, `tlsrep: ${shown}; --limit N shows more\n`)
  }
  return EXIT.ok
}

function listQuestions(json: boolean, io: CommandIo): Promise<void> {
  const rows = QUESTIONS.map(({ name, asks, view, parameters, days }) => {
    return { question: name, asks, view, parameters: ['since', 'until', ...Object.keys(parameters)], days }
  })
  const columns = [{ key: 'question' }, { key: 'asks', title: 'what it answers', wraps: 'words' }] as const
  return printRows(rows, columns, json, io)
}
