/**
 * `indexOf` that stops at `end`. A plain `indexOf` on a block runs on through all the lines behind, so one missing word per line would
 * make the work quadratic in the size of the block.
 */
export function indexWithin(text: string, words: string, from: number, end: number): number {
  if (from >= end) return -1
  const at = text.slice(from, end).indexOf(words)
  return at < 0 ? -1 : from + at
}

/** `lastIndexOf` between `from` and `end`: the last place where all of `words` fits. */
export function lastIndexWithin(text: string, words: string, from: number, end: number): number {
  if (from >= end) return -1
  const at = text.slice(from, end).lastIndexOf(words)
  return at < 0 ? -1 : from + at
}
