import type { SourceSpan } from '@tlsrep/collector/pipeline/parse-run'

/**
 * Files are one log in the order given. When one ends before its predecessor begins, they were given the wrong way round, and sessions
 * across the files were torn.
 */
export function orderComplaint(sources: readonly SourceSpan[]): string | undefined {
  for (const [index, source] of sources.entries()) {
    const before = sources[index - 1]
    if (before === undefined || !(source.lastTime < before.firstTime)) continue
    return (
      `${source.name} is older than ${before.name} and was read after it. ` +
      'Name the oldest file first, or sessions that go on from one file to the next are torn.'
    )
  }
  return undefined
}
