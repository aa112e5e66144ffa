/** A list in parts of at most `size`, in order. What goes into one query as a parameter is bounded: ClickHouse takes 128 KiB. */
export function* inChunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}
