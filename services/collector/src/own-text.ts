/** V8 copies substrings below this length; a longer one is a slice that keeps its whole parent alive. */
const SLICED_FROM = 13

/**
 * Copies `text.slice(start, end)` so that a field kept in a session does not pin the megabyte block it was read from.
 * Building a rope and cutting its first character off makes V8 flatten it into memory of its own.
 */
export function ownText(text: string, start: number, end: number): string {
  const part = text.slice(start, end)
  return end - start < SLICED_FROM ? part : ` ${part}`.slice(1)
}

/** The same, for text that may hold UTF-8: lines are decoded as latin1, one character a byte. Bytes that are no UTF-8 become U+FFFD. */
export function ownUtf8(text: string, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    if (text.charCodeAt(at) > 127) return Buffer.from(text.slice(start, end), 'latin1').toString('utf8')
  }
  return ownText(text, start, end)
}
