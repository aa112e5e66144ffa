const MARK = 'error:'

const MAX_REASON_LENGTH = 128

// What OpenSSL makes of an empty error queue: `error:00000000:lib(0)::reason(0)`.
const NO_ERROR = 'reason(0)'

/**
 * The reason text of an OpenSSL error string, wherever in the line it stands: `unsupported protocol` of
 * `error:0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_srvr.c:1780:`. The shape is that of
 * ERR_error_string_n, `error:<hex>:<library>:<function>:<reason>`, the function empty in OpenSSL 3.x; Postfix and others
 * append `:<file>:<line>:<data>`, and older builds put a pid before it. Reads left to right, each character a bounded
 * number of times; a line without such a string has no reason.
 */
export function openSslReason(line: string): string | undefined {
  for (let at = line.indexOf(MARK); at !== -1; at = line.indexOf(MARK, at + 1)) {
    const code = at + MARK.length
    const library = skipHex(line, code)
    if (library - code < MIN_HEX_DIGITS || line[library] !== ':') continue
    return reasonAfter(line, library + 1)
  }
  return undefined
}

function reasonAfter(line: string, library: number): string | undefined {
  const libraryEnd = line.indexOf(':', library)
  if (libraryEnd === -1) return undefined
  const functionEnd = line.indexOf(':', libraryEnd + 1)
  if (functionEnd === -1) return undefined
  const start = functionEnd + 1
  const limit = Math.min(line.length, start + MAX_REASON_LENGTH)
  let end = start
  while (end < limit && !endsReason(line.charCodeAt(end))) end += 1
  if (end === limit && limit < line.length) return undefined
  const reason = line.slice(start, end).trim()
  return reason === '' || reason === NO_ERROR ? undefined : reason
}

/** No reason of OpenSSL's holds one of these; after the last field they begin what the MTA wrote next. */
function endsReason(code: number): boolean {
  return code === 0x3a /* : */ || code === 0x22 /* " */ || code === 0x2c /* , */ || code === 0x5c /* \ */ || code < 0x20
}

// ERR_error_string_n prints %08lX.
const MIN_HEX_DIGITS = 8
const MAX_HEX_DIGITS = 16

function skipHex(line: string, from: number): number {
  const limit = Math.min(line.length, from + MAX_HEX_DIGITS)
  let at = from
  while (at < limit && isHexDigit(line.charCodeAt(at))) at += 1
  return at
}

function isHexDigit(code: number): boolean {
  const lower = code | 0x20
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x66)
}
