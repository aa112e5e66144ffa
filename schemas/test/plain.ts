/** A value with its byte strings as plain `Uint8Array` and its records as plain objects: to compare what was read with what was written. */
export function plain(value: unknown): unknown {
  return converted(value, (bytes) => Uint8Array.from(bytes))
}

/** A value with its byte strings as `Buffer`, as avsc wants them. */
export function withBuffers(value: unknown): unknown {
  return converted(value, (bytes) => Buffer.from(bytes))
}

function converted(value: unknown, bytes: (value: Uint8Array) => Uint8Array): unknown {
  if (value instanceof Uint8Array) return bytes(value)
  if (Array.isArray(value)) return value.map((item) => converted(item, bytes))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, converted(inner, bytes)]))
}
