/**
 * The records that travel on topics, one file each in `schemas/avro`. Each file is a whole Avro schema: a type that two of them use is
 * written out in both, so that any Avro tool reads any file alone (a test keeps the copies equal).
 */
export const RECORD_NAMES = ['TlsNegotiation', 'Listing', 'Override', 'Checkpoint', 'DeadLetter'] as const

export type RecordName = (typeof RECORD_NAMES)[number]
