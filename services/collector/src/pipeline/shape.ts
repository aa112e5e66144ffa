const LOWER_A = 97
const DIGIT_9 = 57

/** Longest shape kept. */
export const SHAPE_MAX = 160

/**
 * What a line looks like without what it says: every letter becomes `a` and every digit `9`; bytes above ASCII count as letters, so
 * that no control character of a wider set survives. Punctuation stays: it is what a parser stumbled over.
 */
export function redactedShape(text: string, start: number, end: number): string {
  const last = Math.min(end, start + SHAPE_MAX)
  const codes: number[] = []
  for (let at = start; at < last; at++) codes.push(shapeOf(text.charCodeAt(at)))
  return String.fromCharCode(...codes)
}

function shapeOf(code: number): number {
  if (code >= 48 && code <= 57) return DIGIT_9
  if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code > 126) return LOWER_A
  return code
}
