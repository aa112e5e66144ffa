import { escapeText } from '@tlsrep/platform/log/escape'

/**
 * Makes log text safe to show: attackers choose names and banners, and a terminal obeys what is written to it. A backslash is escaped
 * too, so that what is shown can be told from what was escaped.
 */
export function escapeControls(text: string): string {
  return escapeText(text.replaceAll('\\', '\\\\'))
}
