import { describe, it } from 'vitest'
import { type BrokenFile, expectProblem } from './test-support.ts'

const BROKEN: BrokenFile[] = [
  [
    'a key written twice',
    'log:\n  level: info\nhttp:\n  insecure: true\nlog:\n  level: warn\n',
    '5:1 log',
    /twice, first on line 1/,
    /Keep one/,
  ],
  ['a tab', 'log:\n\tlevel: info\n', '2:1', /a tab/, /spaces/],
  ['a second document', 'log: {}\n---\nlog: {}\n', '2:1', /second document/, /---/],
  ['two colons on a line', 'data: a: b\n', '1:7', /second `: `/, /quotes/],
  ['an unknown tag', 'data: !env X\n', '1:7', /tag/, /quotes/],
  ['an alias without an anchor', 'data: *x\n', '1:7 data', /no &x before \*x/, /quotes/],
  ['a file that is no mapping', '- a\n- b\n', '1:1', /a section .* list/, /docs|keys/],
  ['text alone', 'hello\n', '1:1', /a section .*text "hello"/, /docs|keys/],
]

describe('a file that is no YAML, or no mapping, is told with its line and the way to mend it', () => {
  it.each(BROKEN)('%s', (_, text, where, problem, instead) => expectProblem(text, where, problem, instead))
})
