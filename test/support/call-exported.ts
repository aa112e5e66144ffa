import type { CallOutcome } from './bound-by-modes.ts'

/*
 * Run by bound-by-modes.ts: calls a function that a module exports, and prints what came of it.
 *   MODULE NAME ARGUMENTS
 */

const [, , module = '', name = '', args = '[]'] = process.argv

async function call(): Promise<CallOutcome> {
  const exported = (await import(module)) as Record<string, unknown>
  const called = exported[name]
  if (typeof called !== 'function') throw new Error(`${module} exports no function ${name}`)
  try {
    return { kind: 'value', value: await called(...(JSON.parse(args) as unknown[])) }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { kind: 'error', error: { code: 'code' in error ? error.code : undefined, message: error.message } }
  }
}

process.stdout.write(JSON.stringify(await call()))
