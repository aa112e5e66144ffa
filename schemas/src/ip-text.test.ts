import { isIPv4 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipText } from './ip-text.ts'

/** Addresses with the runs of zeros that the rules are about. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
})

function bytesOf(list: readonly number[]): Uint8Array {
  return Uint8Array.from(list.flatMap((group) => [group >> 8, group & 0xff]))
}

test('IPv6 as the URL parser of the platform writes it', () => {
  fc.assert(
    fc.property(groups, (list) => {
      const text = ipText(bytesOf(list))
      if (isIPv4(text)) return
      const whole = list.map((group) => group.toString(16)).join(':')
      expect(`[${text}]`).toBe(new URL(`http://[${whole}]`).hostname)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  [[0, 0, 0, 0, 0, 0xffff, 0xc000, 0x20a], '192.0.2.10'],
  [[0, 0, 0, 0, 0, 0xffff, 0, 0], '0.0.0.0'],
  [[0, 0, 0, 0, 0, 0xffff, 0xffff, 0xffff], '255.255.255.255'],
  [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
  [[0, 0, 0, 0, 0, 0, 0, 1], '::1'],
  [[1, 0, 0, 0, 0, 0, 0, 0], '1::'],
  [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '2001:db8:0:1:1:1:1:1'],
  [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '2001:db8::1:0:0:1'],
  [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 0], '2001:db8:0:0:1::'],
  [[0x2001, 0xdb8, 0xaaaa, 0xbbbb, 0xcccc, 0xdddd, 0xeeee, 0xa], '2001:db8:aaaa:bbbb:cccc:dddd:eeee:a'],
])('%j is %s', (list, text) => {
  expect(ipText(bytesOf(list))).toBe(text)
})

test('only 16 bytes are an address', () => {
  expect(() => ipText(new Uint8Array(4))).toThrow(RangeError)
})
