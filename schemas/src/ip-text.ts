/**
 * An address of 16 bytes as canonical text: IPv4 (`::ffff:a.b.c.d`) in dotted form, all else as RFC 5952 section 4 asks: lower case, no
 * leading zeros, the longest run of two or more zero groups, of equal ones the first, as `::`.
 */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`an address has 16 bytes, not ${bytes.length}`)
  return isMapped(bytes) ? `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}` : groupsText(bytes)
}

function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

function groupsText(bytes: Uint8Array): string {
  let runStart = -1
  let runLength = 1
  for (let i = 0; i < 8; ) {
    let end = i
    while (end < 8 && group(bytes, end) === 0) end++
    if (end - i > runLength) {
      runStart = i
      runLength = end - i
    }
    i = end + 1
  }
  let text = ''
  for (let i = 0; i < 8; i++) {
    if (i === runStart) {
      text += '::'
      i += runLength - 1
    } else {
      text += (text === '' || text.endsWith(':') ? '' : ':') + group(bytes, i).toString(16)
    }
  }
  return text
}

function group(bytes: Uint8Array, index: number): number {
  return ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)
}
