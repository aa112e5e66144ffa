/** What is too far from what was written is no help. */
const FARTHEST = 3

/**
 * The name that somebody most likely meant: the one that is spelt most alike, else the one that the text is a part of. Case does not count.
 * @returns undefined when none is close
 */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const wanted = text.slice(0, 100).toLowerCase()
  const ranked = names.map((name) => ({ name, distance: editDistance(name.toLowerCase(), wanted) }))
  const best = ranked.reduce((a, b) => (b.distance < a.distance ? b : a), {
    name: '',
    distance: Number.POSITIVE_INFINITY,
  })
  if (best.distance <= Math.min(FARTHEST, Math.floor(wanted.length / 3) || 1)) return best.name
  return wanted.length < 3 ? undefined : names.find((name) => isPartOf(name.toLowerCase(), wanted))
}

function isPartOf(name: string, wanted: string): boolean {
  return name.includes(wanted) || (name.length > 3 && wanted.includes(name))
}

/** Damerau's distance in its restricted form: insertions, deletions, substitutions, and neighbours that changed places. */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((row[j - 1] ?? 0) + (same ? 0 : 1), (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      next.push(cost)
    }
    before = row
    row = next
  }
  return row.at(-1) ?? 0
}
