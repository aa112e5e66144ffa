import { describe, expect, it } from 'vitest'
import { configError, problemText } from './problem.ts'
import { problemsOf } from './test-support.ts'

describe('what is said of a broken file', () => {
  it('is everything at once, in the order of the file', () => {
    const problems = problemsOf(`
dta: /x
relays: [192.0.2.1/24]
listeners:
  - { name: a, port: 25 }
  - { name: b, port: 25, mode: rejct }
log: { level: loud }
log: { level: info }
http:
  listen: 127.0.0.1:5354
`)
    expect(problems.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '2 dta',
      '3 relays[0]',
      '6 listeners[1].port',
      '6 listeners[1].mode',
      '7 log.level',
      '8 log',
      '10 http.listen',
    ])
  })

  it('does not add a contradiction to what is wrong by itself', () => {
    expect(problemsOf('http:\n  listen: nowhere:5354\n')).toHaveLength(1)
    expect(problemsOf('publisher: { mode: defer, cap: dfer }')).toHaveLength(1)
  })

  it('does not guess behind a syntax error', () => {
    expect(problemsOf('dta: 1\nlog: [a\nhtpt: 3\n').map(({ line }) => line)).toEqual([1, 3])
  })

  it('cannot write control characters to a terminal', () => {
    const text = problemsOf('"a\\e[31m": 1\ncollector: { name: "\\e]0;x\\a" }').map(problemText).join('')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })

  it('becomes one error for a start that cannot go on', () => {
    const error = configError(problemsOf('dta: 1\nlog: 3\n'))
    expect(error).toMatchObject({
      code: 'TLSREP_CONFIG_INVALID',
      where: 'tlsrep.yaml',
      page: 'errors/TLSREP_CONFIG_INVALID.md',
    })
    expect(error.message).toMatch(/2 problems\ntlsrep\.yaml:1:1: dta: [\s\S]*tlsrep\.yaml:2:6: log: /)
  })
})
