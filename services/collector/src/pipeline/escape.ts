/** C0 and C1 controls, delete, and the marks that reorder or hide text on a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/**
 * Makes log text safe to show: attackers choose names and banners, and a terminal obeys what is written to it. A backslash is escaped
 * too, so that what is shown can be told from what was escaped.
 */
export function escapeControls(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(UNSAFE, escapeCode)
}

function escapeCode(character: string): string {
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
