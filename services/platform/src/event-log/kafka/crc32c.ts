/** CRC-32C (Castagnoli), the checksum of record batches; zlib has another one. */
const POLYNOMIAL = 0x82f63b78

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  return crc
})

/** Of the bytes from `from` on. */
export function crc32c(bytes: Uint8Array, from = 0): number {
  const table = TABLE
  let crc = 0xffffffff
  for (let at = from; at < bytes.length; at++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 0xff] as number)
  }
  return (crc ^ 0xffffffff) >>> 0
}
