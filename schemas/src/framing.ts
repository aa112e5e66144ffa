/**
 * What stands before a record's bytes, so that a reader knows with which schema they were written.
 *
 * - `single_object`: C3 01, then the schema's CRC-64-AVRO, lowest byte first (Avro 1.11 specification, "Single-object encoding").
 * - `confluent`: 00, then the schema's id in the registry, four bytes, highest first (Confluent's wire format).
 */
export type Framing = { kind: 'single_object' } | { kind: 'confluent'; schemaId: number }

export type Frame =
  | { kind: 'single_object'; fingerprint: bigint; bodyStart: number }
  | { kind: 'confluent'; schemaId: number; bodyStart: number }

export const SINGLE_OBJECT_LENGTH = 10
export const CONFLUENT_LENGTH = 5

export function frameHeader(framing: Framing, fingerprint: bigint): Uint8Array {
  if (framing.kind === 'confluent') {
    const header = Buffer.alloc(CONFLUENT_LENGTH)
    header.writeInt32BE(framing.schemaId, 1)
    return header
  }
  const header = Buffer.alloc(SINGLE_OBJECT_LENGTH)
  header[0] = 0xc3
  header[1] = 0x01
  header.writeBigUInt64LE(fingerprint, 2)
  return header
}

/** Whether a record begins with this header. */
export function hasHeader(bytes: Uint8Array, header: Uint8Array): boolean {
  for (let i = 0; i < header.length; i++) if (bytes[i] !== header[i]) return false
  return true
}

/** Reads the framing; the reason where there is none, or where it is cut off. */
export function readFrame(bytes: Uint8Array): Frame | 'not_avro' | 'truncated' {
  if (bytes.length === 0) return 'truncated'
  if (bytes[0] === 0x00) {
    if (bytes.length < CONFLUENT_LENGTH) return 'truncated'
    return { kind: 'confluent', schemaId: int32(bytes, 1), bodyStart: CONFLUENT_LENGTH }
  }
  if (bytes[0] !== 0xc3 || (bytes.length > 1 && bytes[1] !== 0x01)) return 'not_avro'
  if (bytes.length < SINGLE_OBJECT_LENGTH) return 'truncated'
  const view = new DataView(bytes.buffer, bytes.byteOffset, SINGLE_OBJECT_LENGTH)
  return { kind: 'single_object', fingerprint: view.getBigUint64(2, true), bodyStart: SINGLE_OBJECT_LENGTH }
}

function int32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}
