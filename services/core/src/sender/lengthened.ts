export type NumberArray =
  | Int32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>

/** A longer array with the same numbers at its beginning. The memory of the one before is given back at once; it must not be used again. */
export function lengthened<A extends NumberArray>(array: A, length: number): A {
  const longer = new (array.constructor as new (length: number) => A)(length)
  longer.set(array)
  array.buffer.transfer(0)
  return longer
}
