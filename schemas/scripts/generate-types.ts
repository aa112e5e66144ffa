import { readFileSync, writeFileSync } from 'node:fs'
import { schemaJson } from '../src/avro-schema.ts'
import { RECORD_NAMES } from '../src/record-names.ts'
import { interfacesText } from './interfaces.ts'
import { jsonWritersText } from './json-writers.ts'
import { writersText } from './writers.ts'

/**
 * Writes `src/*.generated.ts` from `avro/*.avsc`; with `--check` only says whether they are up to date. The text depends on nothing but
 * the schemas: names and order are theirs.
 */

const HEADER =
  '// Made by schemas/scripts/generate-types.ts from schemas/avro/*.avsc. Change those, then: npm run generate\n\n'

/** Every generated file: where it lies, and the text that it must have. */
export function generatedFiles(): { url: URL; text: string }[] {
  const records = RECORD_NAMES.map(schemaJson)
  return [
    { url: new URL('../src/records.generated.ts', import.meta.url), text: HEADER + interfacesText(records) },
    { url: new URL('../src/writers.generated.ts', import.meta.url), text: HEADER + writersText(records) },
    { url: new URL('../src/json.generated.ts', import.meta.url), text: HEADER + jsonWritersText(records) },
  ]
}

if (import.meta.main) {
  for (const { url, text } of generatedFiles()) {
    if (!process.argv.includes('--check')) {
      writeFileSync(url, text)
    } else if (readFileSync(url, 'utf8') !== text) {
      process.stderr.write(`${url.pathname} is not what the schemas make: npm run generate\n`)
      process.exitCode = 1
    }
  }
}
