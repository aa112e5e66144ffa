export type { AvroArray, AvroEnum, AvroField, AvroFixed, AvroMap, AvroRecord, AvroSchema } from './avro-schema.ts'
export { isRecordName, olderSchemas, schemaJson } from './avro-schema.ts'
export { createEncoder, type Encoder, type EncoderOptions, InvalidRecordError } from './encoder.ts'
export { EVENT_FACTS, type EventFacts, eventFacts } from './event-facts.ts'
export { canonicalForm, crc64Avro, fingerprintText, schemaFingerprint } from './fingerprint.ts'
export { type Frame, type Framing, readFrame } from './framing.ts'
export { ipText } from './ip-text.ts'
export { recordToJson, toJson } from './json.ts'
export { learnSchema } from './learned-schemas.ts'
export {
  createReader,
  type Decoded,
  type DecodeReason,
  type Reader,
  type ReaderOptions,
  type WriterSchema,
} from './reader.ts'
export { recordFaults } from './record-faults.ts'
export { RECORD_NAMES, type RecordName } from './record-names.ts'
export * from './records.generated.ts'
