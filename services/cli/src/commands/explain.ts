import { canonicalSender } from '@tlsrep/publisher/list/sender-key'
import { explain as explainSender } from '@tlsrep/scorer/explain'
import { type AccessOptions, withAccess } from '../access/access.ts'
import { EXIT } from '../exit-codes.ts'
import { explanationText } from '../explanation/explanation-text.ts'
import { written } from '../output/line-writer.ts'
import { styleFor } from '../table/draw-table.ts'
import type { CommandIo } from './command-io.ts'

export interface ExplainOptions extends AccessOptions {
  json?: boolean
}

/**
 * Shows what is known of a sender and what follows from it: the arithmetic, the days, sample sessions, the remedy, and when it ends.
 * @returns the exit code: 0 where there is something to show, 1 where nothing is known
 */
export async function explain(text: string, options: ExplainOptions, io: CommandIo): Promise<number> {
  const found = canonicalSender(text)
  if (!found.ok) {
    await written(io.stderr, `tlsrep: ${JSON.stringify(text)}: ${found.message}. ${found.remedy}\n`)
    return EXIT.usage
  }
  return withAccess(options, io, async ({ clickhouse, policy, config }) => {
    const explained = await explainSender(clickhouse, policy, found.sender, io.now())
    const { evidence, overrides, listing } = explained
    const known = evidence.length > 0 || overrides.length > 0 || listing !== null
    if (options.json) await written(io.stdout, `${JSON.stringify(explained, hexBytes)}\n`)
    else await written(io.stdout, explanationText(explained, config.publisher, styleFor(io.stdout, io.env)))
    return known ? EXIT.ok : EXIT.faults
  })
}

/** Bytes as hexadecimal text, like everywhere that records are printed. */
function hexBytes(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  const isBuffer =
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
  return isBuffer ? Buffer.from(value.data as number[]).toString('hex') : value
}
