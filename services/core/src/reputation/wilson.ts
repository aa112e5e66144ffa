export interface Interval {
  lower: number
  upper: number
}

/**
 * Wilson's score interval for a share `p` seen in `n` trials (Wilson 1927), `z` standard deviations wide. `n` need not be whole: decayed
 * sessions are counted in fractions. Without trials everything is possible.
 */
export function wilsonInterval(p: number, n: number, z: number): Interval {
  if (n <= 0) return { lower: 0, upper: 1 }
  const spread = (z * z) / n
  const centre = p + spread / 2
  const half = z * Math.sqrt((p * (1 - p)) / n + spread / (4 * n))
  return { lower: Math.max(0, (centre - half) / (1 + spread)), upper: Math.min(1, (centre + half) / (1 + spread)) }
}
