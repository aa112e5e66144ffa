/** A list in parts of at most `size`, in order. What goes into one query as a parameter is bounded: ClickHouse takes 128 KiB. */
export function* inChunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

/** More would not be answered sooner by a ClickHouse on this machine, and hold more answers in memory. */
const AT_ONCE = 4

/**
 * What `work` says of each part, in order, for some parts at a time: how long a ClickHouse on another machine takes to answer is then
 * waited for once, not once a part.
 * @throws what one of them was rejected with
 */
export async function forChunks<T, R>(
  items: readonly T[],
  size: number,
  work: (chunk: readonly T[]) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  for (const chunks of inChunks([...inChunks(items, size)], AT_ONCE)) {
    results.push(...(await Promise.all(chunks.map(work))))
  }
  return results
}
