import { describe, it } from 'vitest'
import { type BrokenFile, expectProblem } from './test-support.ts'

const BROKEN: BrokenFile[] = [
  [
    'an input of both kinds',
    'collector:\n  inputs:\n    - log: a\n      stdin: true\n',
    '3:7 collector.inputs[0]',
    /both/,
    /one of them/,
  ],
  [
    'an input of no kind',
    'collector: { inputs: [{ mta: auto }] }',
    '1:23 collector.inputs[0]',
    /neither/,
    /one of them/,
  ],
  [
    'standard input twice',
    'collector:\n  inputs:\n    - stdin: true\n    - stdin: true\n',
    '4:14 collector.inputs[1].stdin',
    /two inputs \(collector\.inputs\[0\]\.stdin\)/,
    /one of them/,
  ],
  [
    'a log named twice',
    'collector:\n  inputs:\n    - log: a\n    - log: [b, a]\n',
    '4:12 collector.inputs[1].log',
    /two inputs read this log/,
    /once/,
  ],
  [
    'two listeners with one port',
    'listeners:\n  - { name: a, port: 25 }\n  - { name: b, port: 25 }\n',
    '3:22 listeners[1].port',
    /listeners\[0\]\.port/,
    /Give the port/,
  ],
  [
    'two listeners with one name',
    'listeners:\n  - name: a\n  - name: a\n',
    '3:11 listeners[1].name',
    /two listeners/,
    /its own/,
  ],
  [
    'two listeners for one program',
    'listeners:\n  - { name: a, services: [s/smtpd] }\n  - { name: b, services: [s/smtpd] }\n',
    '3:26 listeners[1].services',
    /same program/,
    /hosts/,
  ],
  [
    'a mode above its cap',
    'publisher:\n  mode: defer\n',
    '2:9 publisher.mode',
    /above the cap, which is tag \(publisher\.cap\)/,
    /raise the cap to defer/,
  ],
  [
    'a mode above an own cap',
    'publisher: { cap: reject }\nlisteners:\n  - { name: mx, mode: defer, cap: tag }\n',
    '3:23 listeners[0].mode',
    /tag \(listeners\[0\]\.cap\)/,
    /Write tag/,
  ],
  [
    'two services on one address',
    'http:\n  listen: 127.0.0.1:5354\n',
    '2:11 http.listen',
    /port 5354 is taken by publisher\.outputs\.dnsbl\.listen/,
    /its own port/,
  ],
  [
    'a wildcard over an address',
    'publisher:\n  outputs:\n    dnsbl:\n      listen: 0.0.0.0:8642\n',
    '4:15 publisher.outputs.dnsbl.listen',
    /taken by http\.listen/,
    /its own port/,
  ],
  [
    'two outputs to one file',
    'publisher:\n  outputs:\n    files:\n      - { path: a, format: cidr-smtpd }\n      - { path: a, format: cidr-smtpd }\n',
    '5:17 publisher.outputs.files[1].path',
    /two outputs/,
    /its own/,
  ],
  [
    'a user without a server',
    'clickhouse:\n  user: me\n',
    '2:9 clickhouse.user',
    /no clickhouse\.url/,
    /take this key out/,
  ],
  ['http beyond loopback', 'http:\n  listen: 192.0.2.1:8642\n', '2:11 http.listen', /other machines/, /insecure: true/],
  [
    'a policy service beyond loopback',
    'publisher:\n  outputs:\n    policy_service:\n      listen: 0.0.0.0:10042\n',
    '4:15 publisher.outputs.policy_service.listen',
    /no encryption/,
    /Unix socket/,
  ],
  [
    'a secret file that is not there',
    'clickhouse:\n  url: http://h\n  password_file: pw\n',
    '3:18 clickhouse.password_file',
    /no such file/,
    /may read/,
  ],
  [
    'an environment variable that is not set',
    `clickhouse:\n  url: http://h\n  password_file: '\${X}/pw'\n`,
    '3:18 clickhouse.password_file',
    /no variable X/,
    /Set it/,
  ],
]

describe('a contradiction in a configuration is told where it is to be mended, with the way to', () => {
  it.each(BROKEN)('%s', (_, text, where, problem, instead) => expectProblem(text, where, problem, instead))
})
