/**
 * What must not reach a terminal as it is: controls, marks that reorder or hide text (Unicode categories Cc and Cf), line and paragraph
 * separators, halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Makes text safe to show. Line feeds are controls too. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, escapeCharacter)
}

/** The same line by line, for stack traces and other text of several lines. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeText).join('\n')
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 256) return `\\x${code.toString(16).padStart(2, '0')}`
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
}
