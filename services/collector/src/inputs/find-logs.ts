import { existsSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { type LogPlace, logOfMatch, logOfPath, pathIn, possibleParent } from './log-names.ts'

/** Logs of one input that are followed at once; each has an open file and a parser of its own. */
export const MAX_LOGS = 256

const GLOB_CHARACTERS = /[*?[\]{}]/

export interface FoundLogs {
  logs: LogPlace[]
  /** Logs beyond `MAX_LOGS` that are left out. */
  leftOut: number
}

/**
 * The logs that paths and globs name, each once, in the order of their names. A path names its log whether it exists or not; a glob names
 * the logs of the files that it finds now.
 */
export async function findLogs(paths: readonly string[]): Promise<FoundLogs> {
  const found = new Map<string, LogPlace>()
  for (const path of paths) {
    for (const place of await logsOf(path)) found.set(pathIn(place, place.base), place)
  }
  const isRotated = (place: LogPlace): boolean => {
    const parent = possibleParent(place)
    return parent !== null && found.has(pathIn(parent, parent.base))
  }
  const logs = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, place]) => (isRotated(place) ? [] : [place]))
  return { logs: logs.slice(0, MAX_LOGS), leftOut: Math.max(0, logs.length - MAX_LOGS) }
}

export function isGlob(path: string): boolean {
  return GLOB_CHARACTERS.test(path) && !existsSync(path)
}

async function logsOf(path: string): Promise<LogPlace[]> {
  if (!isGlob(path)) return [logOfPath(path)]
  const places: LogPlace[] = []
  for await (const entry of glob(path, { withFileTypes: true })) {
    if (entry.isFile() || entry.isSymbolicLink()) places.push(logOfMatch(join(entry.parentPath, entry.name)))
  }
  return places
}
