import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

const PREFIX = 'tlsrep_'
/** Values of one label; what comes beyond is summed as `other`. */
const LABEL_VALUES_MAX = 50
const LABEL_LENGTH_MAX = 64
/** The histogram behind these wakes the process a hundred times a second. The lag itself, as of the moment of asking, needs no timer. */
const LAG_FIGURES = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']
const LAG_NEVER_MS = 2 ** 31 - 1

export interface MetricDescription {
  /**
   * Without `tlsrep_`, after Vector's component specification where it has a name for it: `received_events_total`, `sent_events_total`,
   * `received_bytes_total`, `errors_total`, `discarded_events_total`. The name of a counter ends in `_total`.
   */
  name: string
  help: string
  /** A gauge may go down. Default: counter. */
  kind?: 'counter' | 'gauge'
  /** Fixed labels beside `component`, e.g. `{ stage: 'receiving' }`: several counters may then share a name. */
  labels?: Readonly<Record<string, string>>
  /** For a counter that is an object of numbers: the label whose values are its keys. */
  keyLabel?: string
}

/** A description for every counter: one that is forgotten does not compile. */
export type Descriptions<C> = { readonly [K in keyof C]: MetricDescription }

/** A registry with the metrics of the process (`process_*`, `nodejs_*`) and `tlsrep_build_info`. */
export function createRegistry(version: string): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_NEVER_MS })
  for (const figure of LAG_FIGURES) registry.removeSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`)
  const build = new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; the version is the label.',
    labelNames: ['version'],
    registers: [registry],
  })
  build.set({ version }, 1)
  return registry
}

/** Where the values of one metric come from, at each scrape. */
type Sample = () => Iterable<[labels: Record<string, string>, value: number]>
interface Family {
  metric: Counter | Gauge
  kind: 'counter' | 'gauge'
  labelNames: readonly string[]
  samples: Sample[]
}
const families = new WeakMap<Registry, Map<string, Family>>()

/**
 * Makes the counters of a room metrics: read when somebody asks, so that counting costs an addition and no more. Components share metrics
 * of the same name and are told apart by the label `component`.
 * @param component e.g. `collector`, `dnsbl`
 * @throws where one name is both a counter and a gauge, or is given with other labels: a mistake in the wiring
 */
export function exposeCounters<C extends object>(
  registry: Registry,
  component: string,
  counters: () => C,
  descriptions: Descriptions<C>,
): void {
  for (const key of Object.keys(descriptions) as (keyof C & string)[]) {
    const description = descriptions[key]
    const labels = { component: labelText(component), ...description.labels }
    addSample(registry, description, function* sample() {
      const value: unknown = counters()[key]
      if (typeof value !== 'object' || value === null) yield [labels, finite(value)]
      else
        for (const [text, count] of boundedEntries(value))
          yield [{ ...labels, [description.keyLabel ?? 'key']: text }, count]
    })
  }
}

function addSample(
  registry: Registry,
  { name, help, kind = 'counter', labels, keyLabel }: MetricDescription,
  sample: Sample,
): void {
  if (kind === 'counter' && !name.endsWith('_total'))
    throw new Error(`the name of the counter ${name} does not end in _total`)
  const ofRegistry = families.get(registry) ?? new Map<string, Family>()
  families.set(registry, ofRegistry)
  const known = ofRegistry.get(name)
  const labelNames = ['component', ...Object.keys(labels ?? {}), ...(keyLabel === undefined ? [] : [keyLabel])].sort()
  if (known !== undefined) {
    if (known.labelNames.join() !== labelNames.join()) throw new Error(`${name} has two sets of labels`)
    if (known.kind !== kind) throw new Error(`${name} is a counter and a gauge`)
    known.samples.push(sample)
    return
  }
  const samples = [sample]
  const Metric = kind === 'counter' ? Counter : Gauge
  const metric: Counter | Gauge = new Metric({
    name: PREFIX + name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      metric.reset()
      for (const each of samples)
        for (const [values, value] of each()) metric.inc(values, kind === 'counter' ? Math.max(0, value) : value)
    },
  })
  ofRegistry.set(name, { metric, kind, labelNames, samples })
}

/** Few keys by contract; should there be many, the monitoring must not pay for it. */
function boundedEntries(record: object): [string, number][] {
  const entries = Object.entries(record).map(([key, value]): [string, number] => [labelText(key), finite(value)])
  const kept = entries.slice(0, LABEL_VALUES_MAX)
  const rest = entries.slice(LABEL_VALUES_MAX)
  return rest.length === 0 ? kept : [...kept, ['other', rest.reduce((sum, [, count]) => sum + count, 0)]]
}

function labelText(text: string): string {
  return text.slice(0, LABEL_LENGTH_MAX)
}

/** A counter that is broken shows as 0; it must not take the other metrics with it. */
function finite(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : 0
}
