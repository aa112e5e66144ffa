import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { defaultPolicy, type PolicyProblem, parsePolicy } from './parse-policy.ts'
import { policySets, protectingPool } from './policy-sets.ts'

const DEFAULT_TEXT = readFileSync(new URL('../../policy/default.yaml', import.meta.url), 'utf8')

function problems(text: string): readonly Omit<PolicyProblem, 'source'>[] {
  const parsed = parsePolicy(text, 'policy.yaml')
  if (parsed.ok) return []
  expect(parsed.problems.every(({ source }) => source === 'policy.yaml')).toBe(true)
  return parsed.problems.map(({ source: _, ...problem }) => problem)
}

function hashOf(text: string): string {
  const parsed = parsePolicy(text, 'policy.yaml')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy.hash
}

describe('the default policy', () => {
  it('is what the documented file says, value for value, and what an empty file stands for', () => {
    const { hash, ...content } = defaultPolicy()
    expect(parse(DEFAULT_TEXT)).toEqual(content)
    expect(hashOf(DEFAULT_TEXT)).toBe(hash)
    expect(hashOf('')).toBe(hash)
    expect(hashOf('# nothing\n')).toBe(hash)
  })

  it('explains every key on the lines before it', () => {
    const lines = DEFAULT_TEXT.split('\n')
    const unexplained = lines.filter((line, i) => {
      const isValue = /^\s*\w+: *\S/.test(line) && !line.trimStart().startsWith('#')
      return isValue && !/^\s*#/.test(lines[i - 1] ?? '')
    })
    expect(unexplained).toEqual([])
  })
})

describe('the hash of a policy', () => {
  it('is of the content, not of comments, order or spelling', () => {
    const a = 'evidence:\n  half_life_days: 7\n  floor_to_list: 10\nrelays: [192.0.2.0/24, 2001:db8::1]\n'
    const b =
      '# mine\nrelays:\n  - "2001:DB8:0::1/128"\n  - 192.0.2.0/24\n  - 192.0.2.0/24\nevidence: { floor_to_list: 10.0, half_life_days: 7 }\n'
    expect(hashOf(a)).toBe(hashOf(b))
    expect(hashOf(a)).toMatch(/^[0-9a-f]{16}$/)
  })

  it('changes with any value', () => {
    const texts = [
      'evidence: { half_life_days: 13 }',
      'bounds: { z: 2 }',
      'relays: [192.0.2.1]',
      'listing: { max_life_days: 29 }',
    ]
    expect(new Set([defaultPolicy().hash, ...texts.map(hashOf)]).size).toBe(texts.length + 1)
  })
})

describe('a policy with mistakes', () => {
  it('has all of them reported at once, each with line, key and what to write instead', () => {
    const text = `evidence:
  half_lif_days: 3
  floor_to_list: many
bounds:
  tag: { list_at: 1.5 }
weights:
  plaintext: 12.5
listing:
protected_pools:
  - name: pool
    cidrs: []
grades:
  anonymous_key_exchange: suficient
version: 3
surprise: 1
`
    expect(problems(text)).toEqual([
      {
        line: 2,
        path: 'evidence.half_lif_days',
        message: 'unknown key "half_lif_days"',
        suggestion: 'did you mean half_life_days?',
      },
      { line: 3, path: 'evidence.floor_to_list', message: '"many" is not a number', suggestion: 'write a number' },
      { line: 5, path: 'bounds.tag.list_at', message: '1.5 is too large', suggestion: 'write 1 or less' },
      { line: 7, path: 'weights.plaintext', message: '12.5 is not a whole number', suggestion: 'write a whole number' },
      {
        line: 8,
        path: 'listing',
        message: 'nothing stands behind this key',
        suggestion: 'remove the line, or write a block of keys',
      },
      {
        line: 10,
        path: 'protected_pools[0].source',
        message: 'source is missing',
        suggestion: 'add source: with a text',
      },
      {
        line: 13,
        path: 'grades.anonymous_key_exchange',
        message: '"suficient" is not possible here',
        suggestion: 'did you mean sufficient?',
      },
      { line: 14, path: 'version', message: '3 is not possible here', suggestion: 'write one of: 1' },
      {
        line: 15,
        path: 'surprise',
        message: 'unknown key "surprise"',
        suggestion:
          'remove it; allowed here: version, evidence, grades, weights, bounds, listing, protected_pools, relays',
      },
    ])
  })

  it('may not let mail in clear weigh less than a session with TLS', () => {
    expect(problems('weights:\n  tls_version: { insufficient: 350 }\n  plaintext: 399')).toMatchObject([
      { line: 3, path: 'weights.plaintext', suggestion: 'write 700 or more, or lower those' },
    ])
    expect(problems('weights: { plaintext: 700 }')).toEqual([])
  })

  it('may not weigh TLS 1.2 or 1.3', () => {
    expect(problems('weights:\n  tls_version:\n    sufficient: 10')).toMatchObject([
      { line: 3, path: 'weights.tls_version.sufficient', message: 'unknown key "sufficient"' },
    ])
  })

  it('must keep floors and bounds in order', () => {
    const text = 'evidence:\n  floor_to_stay: 9\nbounds:\n  tag:\n    list_at: 0.6\n    delist_below: 0.65\n'
    expect(problems(text).map(({ line, path }) => [line, path])).toEqual([
      [2, 'evidence.floor_to_stay'],
      [3, 'bounds.defer.list_at'],
      [3, 'bounds.defer.delist_below'],
      [6, 'bounds.tag.delist_below'],
    ])
  })

  it('has blocks of addresses checked one by one', () => {
    const text = 'relays:\n  - 192.0.2.1\n  - 192.0.2.1/24\n  - example.com\n'
    expect(problems(text).map(({ line, path, suggestion }) => [line, path, suggestion])).toEqual([
      [3, 'relays[1]', 'write 192.0.2.0/24 for the block, or the address without a length'],
      [4, 'relays[2]', 'write e.g. 192.0.2.0/24, 192.0.2.25 or 2001:db8::/32'],
    ])
  })

  it.each([
    ['a: [1', 1],
    ['a: 1\na: 2', 2],
    ['evidence:\n\thalf_life_days: 3', 2],
    ['version: 1\n--- \nversion: 1', 2],
    ['a: *nothing', 1],
    ['- 1', 1],
    ['just words', 1],
    ['version: 2', 1],
    ['version: !!binary 4', 1],
  ])('that is no policy at all, %j, is said so at its line', (text, line) => {
    const found = problems(text)
    expect(found.length).toBeGreaterThan(0)
    expect(found[0]?.line).toBe(line)
    expect(found[0]?.suggestion).not.toBe('')
  })

  it('does not unfold aliases without end', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
    for (const [name, last] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf'])
      bomb.push(`${name}: &${name} [${`*${last}, `.repeat(9)}]`)
    expect(problems(bomb.join('\n'))).toMatchObject([{ line: 1, path: '' }])
  })

  it('never makes the reader throw, whatever stands in it', () => {
    const key = fc.constantFrom('evidence', 'bounds', 'tag', 'relays', 'z', 'watch', '__proto__', 'x', '0')
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree')),
      ),
    }))
    fc.assert(
      fc.property(
        fc.oneof(
          tree.map((value) => JSON.stringify(value) ?? ''),
          fc.string(),
        ),
        (text) => {
          const parsed = parsePolicy(text, 'policy.yaml')
          expect(parsed.ok || parsed.problems.length > 0).toBe(true)
        },
      ),
    )
  })
})

describe('protected pools and relays', () => {
  const parsed = parsePolicy(
    'relays: [192.0.2.25]\nprotected_pools:\n  - { name: big, source: a test, cidrs: [198.51.100.0/24, 2001:db8::/32] }',
    'policy.yaml',
  )
  if (!parsed.ok) throw new Error('not a policy')
  const { policy } = parsed

  it('are found by address and by sender', () => {
    const sets = policySets(policy)
    expect(sets.relays.covers('192.0.2.25/32')).toBe(true)
    expect(sets.relays.covers('192.0.2.26/32')).toBe(false)
    expect(sets.protectedPools.overlaps('2001:db8:1:2::/64')).toBe(true)
  })

  it('name the pool that protects a sender, and also a wider prefix that reaches into it', () => {
    expect(protectingPool(policy, '198.51.100.7/32')).toBe('big')
    expect(protectingPool(policy, '198.51.0.0/16')).toBe('big')
    expect(protectingPool(policy, '203.0.113.1/32')).toBeUndefined()
  })
})
