/** Kafka's primitive types (protocol guide, "Protocol Primitive Types"), for the few requests that are written by hand. */

export class WireWriter {
  #bytes: Buffer
  #at = 0

  constructor(size = 256) {
    this.#bytes = Buffer.allocUnsafe(size)
  }

  int8(value: number): this {
    this.#at = this.#room(1).writeInt8(value, this.#at)
    return this
  }

  int16(value: number): this {
    this.#at = this.#room(2).writeInt16BE(value, this.#at)
    return this
  }

  int32(value: number): this {
    this.#at = this.#room(4).writeInt32BE(value, this.#at)
    return this
  }

  int64(value: bigint): this {
    this.#at = this.#room(8).writeBigInt64BE(value, this.#at)
    return this
  }

  uvarint(value: number): this {
    this.#room(5)
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#at++] = rest
    return this
  }

  /** 16 bytes. */
  uuid(value: Uint8Array): this {
    this.#room(16).set(value, this.#at)
    this.#at += 16
    return this
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const length = Buffer.byteLength(value)
    this.int16(length)
    this.#at += this.#room(length).write(value, this.#at)
    return this
  }

  sizedBytes(value: Uint8Array): this {
    this.int32(value.length)
    this.#room(value.length).set(value, this.#at)
    this.#at += value.length
    return this
  }

  /** Length + 1, then the bytes. */
  compactString(value: string): this {
    const length = Buffer.byteLength(value)
    this.uvarint(length + 1)
    this.#at += this.#room(length).write(value, this.#at)
    return this
  }

  /** Length + 1, then the items. */
  compactArray<T>(items: readonly T[], write: (item: T) => void): this {
    this.uvarint(items.length + 1)
    for (const item of items) write(item)
    return this
  }

  /** An empty list of tagged fields. */
  noTags(): this {
    return this.uvarint(0)
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  #room(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * (this.#at + length))
      this.#bytes.copy(larger, 0, 0, this.#at)
      this.#bytes = larger
    }
    return this.#bytes
  }
}

/** Reads what a broker sent. A read behind the end throws a RangeError. */
export class WireReader {
  readonly #bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  int8(): number {
    return this.#bytes.readInt8(this.#step(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#step(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#step(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#step(8))
  }

  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#step(1))
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new RangeError('a varint is longer than 5 bytes')
  }

  /** Zigzag. */
  varint(): number {
    const value = this.uvarint()
    return (value >>> 1) ^ -(value & 1)
  }

  /** A varlong that nobody needs. */
  skipVarlong(): void {
    while (this.#bytes.readUInt8(this.#step(1)) >= 0x80);
  }

  take(length: number): Buffer {
    if (length < 0 || length > this.left) throw new RangeError('a length leads behind the end')
    const start = this.#step(length)
    return this.#bytes.subarray(start, start + length)
  }

  string(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.take(length).toString()
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read)
  }

  compactString(): string | null {
    const length = this.uvarint()
    return length === 0 ? null : this.take(length - 1).toString()
  }

  compactBytes(): Buffer | null {
    const length = this.uvarint()
    return length === 0 ? null : this.take(length - 1)
  }

  compactArray<T>(read: () => T): T[] {
    const length = this.uvarint()
    const items: T[] = []
    for (let i = 1; i < length; i++) items.push(read())
    return items
  }

  skipTags(): void {
    for (let tags = this.uvarint(); tags > 0; tags--) {
      this.uvarint()
      this.take(this.uvarint())
    }
  }

  #step(length: number): number {
    const start = this.at
    this.at += length
    return start
  }
}
