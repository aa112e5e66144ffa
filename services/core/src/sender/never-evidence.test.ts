import { describe, expect, it } from 'vitest'
import { parseAddress } from './address.ts'
import { isNeverEvidence } from './never-evidence.ts'

describe('isNeverEvidence', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.255.255.254', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', true],
    ['::', true],
    ['126.255.255.255', false],
    ['128.0.0.1', false],
    ['0.0.0.1', false],
    ['10.0.0.1', false],
    ['::2', false],
    ['2001:db8::1', false],
    ['2001:db8::', false],
  ])('of %s is %s', (text, expected) => {
    expect(isNeverEvidence(parseAddress(text) ?? new Uint8Array(16))).toBe(expected)
  })
})
