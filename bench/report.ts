/** Prints one figure, with its bound where it has one: `goal` is the least, `bound` the most that it may be. */
export interface Report {
  (name: string, value: number, unit: string, goal: number | null): void
  atMost(name: string, value: number, unit: string, bound: number): void
  heading(text: string): void
  note(text: string): void
}

export function createReport(write: (line: string) => void): Report {
  const line = (name: string, value: number, unit: string, verdict: string): void =>
    write(`${name.padEnd(62)} ${figure(value).padStart(12)} ${unit.padEnd(12)} ${verdict}`.trimEnd())
  const report = (name: string, value: number, unit: string, goal: number | null): void =>
    line(name, value, unit, goal === null ? '' : `${value >= goal ? 'met' : 'MISSED'} (at least ${figure(goal)})`)
  return Object.assign(report, {
    atMost: (name: string, value: number, unit: string, bound: number): void =>
      line(name, value, unit, `${value <= bound ? 'met' : 'MISSED'} (at most ${figure(bound)})`),
    heading: (text: string): void => write(`\n${text}`),
    note: (text: string): void => write(`  ${text}`),
  })
}

function figure(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return value.toFixed(Math.abs(value) >= 100 ? 1 : 2)
}

/** The value below which this share of them lies, by the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
