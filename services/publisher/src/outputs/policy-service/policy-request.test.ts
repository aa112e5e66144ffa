import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PolicyRequestReader } from './policy-request.ts'
import { policyRequest } from './policy-service.test-support.ts'

function read(text: string) {
  const reader = new PolicyRequestReader()
  const result = reader.read(Buffer.from(text, 'latin1'), 0)
  return result === 'request' ? reader.request : result
}

test('the attributes of a request are found wherever they stand', () => {
  const lines = policyRequest({ client_address: '192.0.2.1', server_port: '25', instance: '1.2.3' })
    .trimEnd()
    .split('\n')
  fc.assert(
    fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
      expect(read(`${shuffled.join('\n')}\n\n`)).toEqual({
        protocolState: 'RCPT',
        clientAddress: '192.0.2.1',
        serverPort: 25,
        instance: '1.2.3',
        authenticated: false,
      })
    }),
  )
})

test('a login is noticed, an empty login is none', () => {
  expect(read(policyRequest({ sasl_username: 'anna' }))).toMatchObject({ authenticated: true })
  expect(read(policyRequest({ sasl_username: '' }))).toMatchObject({ authenticated: false })
})

test('of an attribute that is sent twice the first counts', () => {
  expect(read('request=smtpd_access_policy\nclient_address=192.0.2.1\nclient_address=192.0.2.2\n\n')).toMatchObject({
    clientAddress: '192.0.2.1',
  })
})

test.each([
  ['no request attribute', 'client_address=192.0.2.1\n\n', 'malformed'],
  ['another request', 'request=junk_policy\n\n', 'malformed'],
  ['a line without a value', 'request=smtpd_access_policy\nnonsense\n\n', 'malformed'],
  ['a line without a name', 'request=smtpd_access_policy\n=x\n\n', 'malformed'],
  ['an empty request', '\n', 'malformed'],
  ['half a request', 'request=smtpd_access_policy\nclient_ad', 'unfinished'],
])('%s is not taken for a request', (_, text, result) => {
  expect(read(text)).toBe(result)
})

test('no text makes the reader throw, and a port is a port', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('\n', '=', 'request=smtpd_access_policy\n', 'server_port=', '9', 'x', '\0') }),
      (text) => {
        const found = read(`${text}\n\n`)
        if (typeof found !== 'string') expect(found.serverPort).toBeLessThanOrEqual(65_535)
      },
    ),
  )
})
