import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'

/** In the order in which they are tried; the first that fits names the room of a frame. */
const ROOMS: readonly (readonly [RegExp, string])[] = [
  [/\/bench\//, 'the bench itself'],
  [/\/collector\/src\/inputs\//, 'reading and cutting lines'],
  [/\/collector\/src\/framing\//, 'framing'],
  [/\/collector\/src\/(parsers|pipeline)\//, 'parsers and session joining'],
  [/\/schemas\/src\/(encoder|writers|avro-bytes|framing)|\/live\/record-maker/, 'encoding'],
  [/\/collector\//, 'batches and positions'],
  [/\/schemas\/src\/(reader|avro-schema|projection|layout)|\/scorer\/src\/facts/, 'scorer: reading facts'],
  [/\/scorer\/src\/(seen-ids|stored-ids)/, 'scorer: ids seen'],
  [/\/event-log\/avro-container|\/scorer\/src\/(range|pending)/, 'scorer: containers'],
  [/\/core\/src\/reputation|\/scorer\/src\/(judge|listing|evidence|rescoring)/, 'scorer: scores and listings'],
  [/\/scorer\//, 'scorer: the rest'],
  [/\/core\//, 'core'],
  [/\/event-log\//, 'event log'],
  [/\/publisher\//, 'publisher'],
  [/\/clickhouse\/(avro-columns|column-)/, 'columns for ClickHouse'],
  [/\/platform\/src\/clickhouse|@clickhouse\//, 'ClickHouse client'],
  [/\/node_modules\//, 'libraries'],
]
const OWN: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(idle)', 'idle'],
  ['(program)', 'outside JavaScript (system calls, sockets)'],
])

export interface ProfileSummary {
  /** Share of the time by room, the largest first. */
  rooms: readonly (readonly [string, number])[]
  /** Share of the time by function, the largest first. */
  functions: readonly (readonly [string, number])[]
}

/** Starts the CPU profiler of this process. @returns ends it */
export async function startProfile(): Promise<() => Promise<ProfileSummary>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  return async () => {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return summarise(profile)
  }
}

/** Self time. What runs in Node's own code belongs to the room that called it. */
function summarise({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): ProfileSummary {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)))
  const roomOf = (id: number): string => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame
      if (frame === undefined) continue
      const own = OWN.get(frame.functionName)
      if (own !== undefined) return own
      const room = ROOMS.find(([pattern]) => pattern.test(frame.url))
      if (room !== undefined) return room[1]
    }
    return 'Node itself (timers, streams, HTTP)'
  }
  const rooms = new Map<string, number>()
  const functions = new Map<string, number>()
  let total = 0
  for (const [index, id] of samples.entries()) {
    const time = timeDeltas[index] ?? 0
    const frame = byId.get(id)?.callFrame
    if (frame === undefined) continue
    const file = frame.url.split('/').slice(-2).join('/')
    add(rooms, roomOf(id), time)
    add(functions, `${frame.functionName || '(anonymous)'} ${file}:${frame.lineNumber + 1}`, time)
    total += time
  }
  return { rooms: shares(rooms, total), functions: shares(functions, total).slice(0, 40) }
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value)
}

function shares(sums: ReadonlyMap<string, number>, total: number): [string, number][] {
  return [...sums].map(([key, sum]): [string, number] => [key, sum / total]).sort(([, a], [, b]) => b - a)
}
