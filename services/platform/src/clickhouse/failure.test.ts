import { ClickHouseError } from '@clickhouse/client'
import { expect, test } from 'vitest'
import { OperatorError } from '../errors/operator-error.ts'
import { ClickHouseQueryError, classified } from './failure.ts'
import { ClickHouseUnavailable } from './unavailable.ts'

const WHERE = '127.0.0.1:8643/tlsrep'

function fromServer(code: string): Error {
  return classified(new ClickHouseError({ message: 'so it is.', code, type: 'SOME_TYPE' }), WHERE)
}

test.each(['159', '202', '241', '243', '252', '394', '999'])('code %s of the server is an outage', (code) => {
  expect(fromServer(code)).toBeInstanceOf(ClickHouseUnavailable)
  expect(fromServer(code)).toMatchObject({ clickhouseCode: Number(code), message: expect.stringContaining(WHERE) })
})

test.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'])(
  '%s of the network is an outage',
  (code) => {
    const error = classified(Object.assign(new Error('connect'), { code }), WHERE)
    expect(error).toBeInstanceOf(ClickHouseUnavailable)
    expect(error).toMatchObject({ clickhouseCode: null })
  },
)

test.each([
  'Timeout error.',
  'socket hang up',
  'aborted',
  '<html><body>502 Bad Gateway</body></html>',
  'upstream connect error or disconnect/reset before headers',
  'std::exception. Code: 1001, type: std::__1::__fs::filesystem::filesystem_error, e.what() = No space left on device',
  'Poco::Exception. Code: 1000, e.code() = 104, Connection reset by peer',
])('"%s" is an outage', (message) => {
  expect(classified(new Error(message), WHERE)).toBeInstanceOf(ClickHouseUnavailable)
})

test('all addresses of a host that refuse are one outage', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:8123'), { code: 'ECONNREFUSED' })
  expect(classified(new AggregateError([refused, refused]), WHERE)).toBeInstanceOf(ClickHouseUnavailable)
})

test.each([
  ['516', 'TLSREP_CLICKHOUSE_REFUSED'],
  ['497', 'TLSREP_CLICKHOUSE_REFUSED'],
  ['81', 'TLSREP_CLICKHOUSE_NOT_MIGRATED'],
  ['60', 'TLSREP_CLICKHOUSE_NOT_MIGRATED'],
])('code %s of the server is something that an operator can mend', (code, name) => {
  expect(fromServer(code)).toBeInstanceOf(OperatorError)
  expect(fromServer(code)).toMatchObject({ code: name, where: WHERE })
})

test('what neither time nor an operator mends stays a bug', () => {
  expect(fromServer('62')).toBeInstanceOf(ClickHouseQueryError)
  expect(fromServer('62')).not.toBeInstanceOf(ClickHouseUnavailable)
  const avro = new Error('std::exception. Code: 1001, type: avro::Exception, e.what() = Invalid data')
  expect(classified(avro, WHERE)).toBeInstanceOf(ClickHouseQueryError)
  const ours = new TypeError('x is not a function')
  expect(classified(ours, WHERE)).toBe(ours)
})

test('a message that quotes hostile data is bounded and has no control characters', () => {
  const error = classified(new ClickHouseError({ message: `\u001b[31m\n${'x'.repeat(10_000)}`, code: '27' }), WHERE)
  expect(error.message.length).toBeLessThan(700)
  expect(error.message).toMatch(/^[ -~…]+$/)
})
