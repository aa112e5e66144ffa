import { canonicalSender } from '@tlsrep/core/sender/sender-key'
import { explain as explainSender } from '@tlsrep/scorer/explain'
import { type AccessOptions, withAccess } from '../access/access.ts'
import { EXIT } from '../exit-codes.ts'
import { explanationJson } from '../explanation/explanation-json.ts'
import { explanationText, isUnknown } from '../explanation/explanation-text.ts'
import { written } from '../output/line-writer.ts'
import { sendersWithin } from '../queries/senders-within.ts'
import { styleFor } from '../table/draw-table.ts'
import type { CommandIo } from './command-io.ts'

export interface ExplainOptions extends AccessOptions {
  json?: boolean
}

const WITHIN_SHOWN = 10

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
  const { sender } = found
  return withAccess(options, io, async ({ clickhouse, policy, config }) => {
    const facts = await explainSender(clickhouse, policy, sender, io.now())
    const unknown = isUnknown(facts)
    if (options.json) await written(io.stdout, `${explanationJson(facts)}\n`)
    else {
      const within = unknown && sender.includes('/') ? await sendersWithin(clickhouse, sender, WITHIN_SHOWN) : []
      const text = explanationText(facts, { publisher: config.publisher, within }, styleFor(io.stdout, io.env))
      await written(io.stdout, text)
    }
    return unknown ? EXIT.faults : EXIT.ok
  })
}
