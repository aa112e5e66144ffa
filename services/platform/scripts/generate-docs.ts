import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { configJsonSchema, configReference } from './config-reference.ts'
import { errorIndex } from './error-index.ts'

/**
 * Writes what is made of the configuration's schema and of the pages about errors; with `--check` only says whether it is up to date.
 */
export function generatedDocs(): { url: URL; text: string }[] {
  const root = new URL('../../../', import.meta.url)
  return [
    { url: new URL('schemas/config/tlsrep.schema.json', root), text: configJsonSchema() },
    { url: new URL('docs/configuration.md', root), text: configReference() },
    { url: new URL('docs/errors/README.md', root), text: errorIndex() },
  ]
}

if (import.meta.main) {
  for (const { url, text } of generatedDocs()) {
    if (!process.argv.includes('--check')) {
      mkdirSync(new URL('.', url), { recursive: true })
      writeFileSync(url, text)
    } else if (!existsSync(url) || readFileSync(url, 'utf8') !== text) {
      process.stderr.write(`${url.pathname} is not up to date: npm run generate\n`)
      process.exitCode = 1
    }
  }
}
