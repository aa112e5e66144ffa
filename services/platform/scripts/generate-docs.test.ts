import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadConfig } from '../src/config/load-config.ts'
import { problemText } from '../src/config/problem.ts'
import { configSchema } from '../src/config/schema.ts'
import { walk } from '../src/config/schema-walk.ts'
import { errorPages } from './error-index.ts'
import { generatedDocs } from './generate-docs.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

test.each(generatedDocs().map(({ url, text }) => ({ file: basename(url.pathname), url, text })))(
  '$file is what its sources make (npm run generate)',
  ({ url, text }) => {
    expect(readFileSync(url, 'utf8')).toBe(text)
  },
)

describe('the configuration', () => {
  const parts = [...walk(configSchema)].filter(({ path }) => path.length > 0 && path.at(-1) !== '[]')

  it.each(parts.map(({ path, node }) => [path.join('.'), node.description]))('says what %s means', (_, description) => {
    expect(description).toMatch(/\.$/)
  })

  describe('docs/tlsrep.example.yaml', () => {
    const text = readFileSync(`${ROOT}docs/tlsrep.example.yaml`, 'utf8')

    it('is right', () => {
      const loaded = loadConfig({
        cwd: '/etc/tlsrep',
        readFile: (path) => (path === '/etc/tlsrep/tlsrep.yaml' ? text : ''),
        env: { CREDENTIALS_DIRECTORY: '/run/credentials' },
      })
      expect(loaded.ok ? '' : loaded.problems.map(problemText).join('')).toBe('')
    })

    it('is right for an editor, which has the published schema', () => {
      const published = z.fromJSONSchema(JSON.parse(readFileSync(`${ROOT}schemas/config/tlsrep.schema.json`, 'utf8')))
      expect(published.safeParse(parse(text)).error?.issues ?? []).toEqual([])
      expect(published.safeParse({ htpt: {} }).success).toBe(false)
    })

    it('has every key', () => {
      const written = new Set<string>()
      const collect = (value: unknown, path: string): void => {
        written.add(path)
        if (Array.isArray(value)) for (const item of value) collect(item, `${path}.[]`)
        else if (typeof value === 'object' && value !== null) {
          for (const [key, inner] of Object.entries(value)) collect(inner, path === '' ? key : `${path}.${key}`)
        }
      }
      collect(parse(text), '')
      expect(parts.map(({ path }) => path.join('.')).filter((path) => !written.has(path))).toEqual([])
    })
  })
})

describe('the pages about errors', () => {
  const sources = readdirSync(`${ROOT}services`, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\/src\/.*\.ts$/.test(name) && !/node_modules|test/.test(name))
    .map((name) => `${ROOT}services/${name}`)
  const thrown = new Set(
    sources.flatMap((file) => readFileSync(file, 'utf8').match(/(?<=')TLSREP_[A-Z0-9_]+(?=')/g) ?? []),
  )

  it('are there for every code, and for no other', () => {
    expect(errorPages()).toEqual([...thrown].sort())
  })

  it.each(errorPages())('%s says what to do, on one screen', (code) => {
    const text = readFileSync(`${ROOT}docs/errors/${code}.md`, 'utf8')
    expect(text.split('\n')[0]).toMatch(new RegExp(`^# \`?${code}\`?`))
    expect(text.split('\n').length).toBeLessThanOrEqual(45)
  })
})
