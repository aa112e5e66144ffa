import { createFramer } from '@tlsrep/collector/framing/frame-line'
import { openFileSource } from '@tlsrep/collector/inputs/file-source'
import type { Emit } from '@tlsrep/collector/parsers/parser'
import { createPostfixParser } from '@tlsrep/collector/parsers/postfix/postfix'
import { ParseRun, parseSource } from '@tlsrep/collector/pipeline/parse-run'

/** The whole way of a line from the file to the event, in this process. */
export async function parseFile(
  path: string,
  emit: Emit,
  maxOpenSessions = 1_000_000,
): Promise<{ lines: number; sessions: number }> {
  const now = Date.UTC(2026, 11, 1)
  const run = new ParseRun({
    framer: createFramer({ notAfter: now, zone: 'UTC' }),
    parsers: [createPostfixParser],
    parserOptions: { collector: '', maxOpenSessions, listenerName: () => undefined },
    emit,
  })
  const source = await openFileSource(path, { now })
  await parseSource(run, source, new AbortController().signal, () => undefined)
  run.finish()
  return { lines: run.linesRead, sessions: run.reconciliation().sessions.emitted }
}
