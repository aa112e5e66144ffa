import { schemaJson } from './avro-schema.ts'
import { schemaFingerprint } from './fingerprint.ts'
import { type Framing, frameHeader } from './framing.ts'
import { recordFaults } from './record-faults.ts'
import type { RecordName } from './record-names.ts'
import type { RecordTypes } from './records.generated.ts'
import { WRITERS } from './writers.generated.ts'

/** A record that its schema does not allow: a fault of the program that made it. `faults` names every bad field. */
export class InvalidRecordError extends Error {
  override readonly name = 'InvalidRecordError'
  readonly faults: readonly string[]

  constructor(record: RecordName, faults: readonly string[]) {
    super(`invalid ${record}: ${faults.join('; ')}`)
    this.faults = faults
  }
}

export interface Encoder<N extends RecordName> {
  /**
   * The record with its framing, as a view into a slab. The bytes never change: a slab is written to only behind what was handed out,
   * and is never used again once it is full. A view keeps its whole slab in memory, so what lives longer than a batch is copied.
   * @throws InvalidRecordError
   */
  encode(record: RecordTypes[N]): Buffer
}

export interface EncoderOptions {
  /** Single-object encoding unless said otherwise. */
  framing?: Framing
  /** Size of a slab. */
  slabBytes?: number
}

const SLAB_BYTES = 512 * 1024

/**
 * What an ordinary record fits into. A slab with less left is not begun on again: stores beyond an array's end are legal, but once V8
 * has seen some it compiles all stores there for it, and every record pays (some 12 % of the time).
 */
const ORDINARY_BYTES = 2048

/** An encoder for one kind of record; its slabs are its own. */
export function createEncoder<N extends RecordName>(name: N, options: EncoderOptions = {}): Encoder<N> {
  const write = WRITERS[name]
  const slabBytes = options.slabBytes ?? SLAB_BYTES
  const header = frameHeader(options.framing ?? { kind: 'single_object' }, schemaFingerprint(schemaJson(name)))
  const reserve = Math.min(ORDINARY_BYTES, slabBytes / 8)
  let slab = Buffer.allocUnsafeSlow(slabBytes)
  let used = 0

  /** Where the record ends, beyond the buffer where it does not fit. */
  function place(buf: Buffer, start: number, record: RecordTypes[N]): number {
    for (let i = 0; i < header.length; i++) buf[start + i] = header[i] ?? 0
    try {
      return write(buf, start + header.length, record)
    } catch (error) {
      const faults = recordFaults(name, record)
      throw faults.length > 0 ? new InvalidRecordError(name, faults) : error
    }
  }

  function startSlab(): void {
    slab = Buffer.allocUnsafeSlow(slabBytes)
    used = 0
  }

  return {
    encode(record) {
      if (slab.length - used < reserve) startSlab()
      const start = used
      const end = place(slab, start, record)
      if (end <= slab.length) {
        used = end
        return slab.subarray(start, end)
      }
      const length = end - start
      if (length > slabBytes / 4) {
        // It would take most of a slab: it gets a buffer of its own, and the slab goes on.
        const own = Buffer.allocUnsafeSlow(length)
        place(own, 0, record)
        return own
      }
      startSlab()
      used = place(slab, 0, record)
      return slab.subarray(0, used)
    },
  }
}
