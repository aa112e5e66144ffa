import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ShiftOptions, shiftStamps } from './shift-stamps.ts'

/** The log as it was written, in UTC; README.md beside it says what is in it. */
const SAMPLE = new URL('../../sample/mail.log', import.meta.url)

/** The bundled log of a real Postfix with its times moved, so that it ends at `endsAt`. */
export function shiftedSample(options: ShiftOptions): Buffer {
  return Buffer.from(shiftStamps(readFileSync(SAMPLE, 'latin1'), options), 'latin1')
}

/**
 * Puts the bundled log into a directory, so that it ends at `endsAt`, for an input to read like any other file. One that is there
 * already is left as it is: its times are part of what its sessions are known by, and moved anew they would all count again.
 * @param directory made when it does not exist
 * @returns the file's path
 */
export function placeSample(directory: string, options: ShiftOptions): string {
  const path = join(directory, 'mail.log')
  if (existsSync(path)) return path
  mkdirSync(directory, { recursive: true })
  // In place at once and whole, so that a start that is killed here leaves no half of it behind.
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, shiftedSample(options))
  renameSync(unfinished, path)
  return path
}
