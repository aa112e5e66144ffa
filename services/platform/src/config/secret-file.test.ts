import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSecret } from './secret-file.ts'

test.each(['s3cret', 's3cret\n', 's3cret\r\n', 's3cret\nand a remark\n'])(
  'the secret in %j is its first line',
  (text) => {
    const directory = mkdtempSync(join(tmpdir(), 'tlsrep-secret-'))
    try {
      writeFileSync(join(directory, 'password'), text)
      expect(readSecret(join(directory, 'password'))).toBe('s3cret')
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
)
