import { describe, expect, it } from 'vitest'
import { createFramer } from './frame-line.ts'
import { unwrapRepeated } from './repeated.ts'
import { DECEMBER_2026, frame, lineOf } from './test-support.ts'

function unwrap(message: string): [number, string] {
  const line = lineOf(`Nov 25 03:41:55 mx1 postfix/smtpd[1]: ${message}`)
  createFramer(DECEMBER_2026).frame(line)
  return [unwrapRepeated(line), frame(line).message]
}

describe('unwrapRepeated', () => {
  it.each<[string, number, string]>([
    [
      'message repeated 3 times: [ SSL_accept error from unknown[192.0.2.1]: -1]',
      3,
      'SSL_accept error from unknown[192.0.2.1]: -1',
    ],
    ['message repeated 2 times: [x]', 2, 'x'],
    ['message repeated 12 times: [ ]', 12, ''],
    ['message repeated 1 times: [ x]', 1, 'x'],
  ])('takes %s off', (message, count, inner) => {
    expect(unwrap(message)).toEqual([count, inner])
  })

  it.each([
    'connect from unknown[192.0.2.1]',
    'message repeated 3 times: [ cut',
    'message repeated 3 times: [',
    'message repeated 3 times',
    'message repeated 3 times: ]',
    'message repeated  times: [ x]',
    'message repeated 0 times: [ x]',
    'message repeated 1234567890 times: [ x]',
    'message repeated -3 times: [ x]',
    'warning: message repeated 3 times: [ x]',
    '',
  ])('leaves %s as it is', (message) => {
    expect(unwrap(message)).toEqual([1, message])
  })
})
