import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { problemsOf } from './test-support.ts'

describe('no file makes it throw', () => {
  const key = fc.oneof(
    fc.constantFrom(
      'data',
      'collector',
      'inputs',
      'log',
      'stdin',
      'listeners',
      'name',
      'port',
      'relays',
      'clickhouse',
      'child',
      'url',
      'publisher',
    ),
    fc.constantFrom(
      'outputs',
      'dnsbl',
      'listen',
      'files',
      'path',
      'format',
      'mode',
      'cap',
      'http',
      'tls',
      'cert',
      'key',
      '__proto__',
      'toString',
    ),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      tie('scalar'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    ),
    scalar: fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('observe', 'reject', '127.0.0.1:25', '10.0.0.0/8', '60s', 'cidr-smtpd', 'a.b', '$HOME/x'),
    ),
  }))

  test('whatever value is in it', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (written) => {
        for (const problem of problemsOf(stringify(written))) expect(problem.line).toBeGreaterThan(0)
      }),
    )
  })

  test('whatever text is in it', () => {
    const pieces = fc.constantFrom(
      'a: ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '&x ',
      '*x',
      '!t ',
      '? ',
      '|\n',
      '>',
      "'",
      '"',
      '\n',
      '  ',
      '\t',
      '#',
      '---',
      '%YAML 1.1\n',
      '<<: ',
      '\0',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.oneof(pieces, key, fc.string())).map((parts) => parts.join('')),
        ),
        (text) => {
          for (const problem of problemsOf(text)) expect(problem.instead).not.toBe('')
        },
      ),
    )
  })

  test.each([
    ['nested without end', '['.repeat(20_000)],
    ['an alias of itself', 'relays: &a [*a, *a]'],
    [
      'aliases of aliases',
      `a: &a [x, x]\n${[...'bcdefghijklmnopq'].map((name, index) => `${name}: &${name} [*${'abcdefghijklmnop'[index]}, *${'abcdefghijklmnop'[index]}]`).join('\n')}`,
    ],
    ['a very large file', 'x'.repeat(2_000_000)],
  ])('%s', (_, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0)
  })
})
