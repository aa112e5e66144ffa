import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../../../docs/errors/', import.meta.url)

/** docs/errors/README.md: every page with its title, `# CODE: what it means`. */
export function errorIndex(): string {
  const lines = errorPages().map((code) => `- [${code}](${code}.md): ${titleOf(code)}`)
  return `# Errors

<!-- Made by services/platform/scripts/generate-docs.ts from the pages beside this one. -->

What an operator can mend has a code; it stands at the end of the message. Each page says what it means, how to find the cause, and what to do.

${lines.join('\n')}
`
}

/** Codes that have a page. */
export function errorPages(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => /^TLSREP_[A-Z0-9_]+\.md$/.test(name))
    .map((name) => name.slice(0, -'.md'.length))
    .sort()
}

function titleOf(code: string): string {
  const [first = ''] = readFileSync(new URL(`${code}.md`, FOLDER), 'utf8').split('\n')
  return first.replace(/^#\s*/, '').replace(new RegExp(`^\`?${code}\`?[:.]?\\s*`), '')
}
