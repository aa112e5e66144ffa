import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { generatedFiles } from './generate-types.ts'

test.each(generatedFiles().map(({ url, text }) => ({ file: basename(url.pathname), url, text })))(
  '$file is what the schemas make',
  ({ url, text }) => {
    expect(readFileSync(url, 'utf8')).toBe(text)
  },
)
