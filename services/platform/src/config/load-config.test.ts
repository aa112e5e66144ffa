import { describe, expect, it } from 'vitest'
import { configOf, load } from './test-support.ts'

describe('where the configuration comes from', () => {
  const own = {
    '/work/tlsrep.yaml': 'collector: { name: here }',
    '/etc/tlsrep/tlsrep.yaml': 'collector: { name: system }',
  }
  const named = { ...own, '/work/other.yaml': 'collector: { name: named }' }

  it.each([
    ['the file named', named, 'other.yaml', 'other.yaml', 'named'],
    ['tlsrep.yaml in the working directory', own, undefined, 'tlsrep.yaml', 'here'],
    [
      'the system file',
      { '/etc/tlsrep/tlsrep.yaml': own['/etc/tlsrep/tlsrep.yaml'] },
      undefined,
      '/etc/tlsrep/tlsrep.yaml',
      'system',
    ],
    ['the defaults', {}, undefined, undefined, 'local'],
  ])('%s', (_, files, explicitPath, source, name) => {
    const loaded = load(files, explicitPath === undefined ? {} : { explicitPath })
    expect(loaded).toMatchObject({ ok: true, source, config: { collector: { name } } })
  })

  it('does not pass over a file that is there and cannot be read', () => {
    const denied = Object.assign(new Error('denied'), { code: 'EACCES' })
    expect(load({ '/work/tlsrep.yaml': denied, '/etc/tlsrep/tlsrep.yaml': '' })).toMatchObject({
      ok: false,
      problems: [{ file: 'tlsrep.yaml', line: null, problem: 'the file cannot be read: this user may not' }],
    })
  })

  it('says that a file named is not there, whatever else is', () => {
    expect(load(own, { explicitPath: 'missing.yaml' })).toMatchObject({
      ok: false,
      problems: [{ file: 'missing.yaml', problem: 'the file cannot be read: there is no such file' }],
    })
  })
})

describe('what is read', () => {
  it('has the default addresses, mode and cap where nothing is written', () => {
    const config = configOf('')
    expect(config.data).toBe('/work/tlsrep-data')
    expect(config.http.listen).toEqual({ host: '127.0.0.1', port: 8642 })
    expect(config.clickhouse.child.http_port).toBe(8643)
    expect(config.publisher.outputs.dnsbl).toMatchObject({
      listen: { host: '127.0.0.1', port: 5354 },
      zone: 'bl.tlsrep.internal',
      mode: 'observe',
      cap: 'tag',
    })
    expect(config.publisher.outputs.policy_service).toMatchObject({
      listen: { kind: 'tcp', host: '127.0.0.1', port: 10042 },
      mode: 'observe',
      cap: 'tag',
    })
  })

  it('takes a key without a value, and a section whose keys are all commented out, as not written', () => {
    expect(configOf('http:\n  # listen: 127.0.0.1:1\nlog:\n  level:\n')).toEqual(configOf(''))
  })

  it('gives listeners and outputs the mode and cap of the publisher where they have none of their own', () => {
    const { listeners, publisher } = configOf(`
publisher:
  mode: tag
  cap: defer
  outputs:
    dnsbl: { mode: observe }
    files: [{ path: a, format: cidr-smtpd, mode: defer }]
listeners: [{ name: mx, port: 25 }, { name: submission, cap: tag }]
`)
    expect(listeners).toMatchObject([
      { mode: 'tag', cap: 'defer' },
      { mode: 'tag', cap: 'tag' },
    ])
    expect(publisher.outputs.dnsbl).toMatchObject({ mode: 'observe', cap: 'defer' })
    expect(publisher.outputs.files).toMatchObject([{ mode: 'defer', cap: 'defer' }])
  })

  it('takes paths from the directory of the file, and the default data directory from the working directory', () => {
    const text = `
policy: policy.yaml
collector: { inputs: [{ log: logs/*.log }, { log: [/a, b] }] }
http: { tls: { cert: c.pem, key: '\${CREDENTIALS_DIRECTORY}/key' } }
publisher: { outputs: { policy_service: { listen: unix:p.sock }, files: [{ path: t, format: cidr-smtpd }] } }
`
    const loaded = load(
      { '/srv/conf/x.yaml': text, '/srv/conf/policy.yaml': '', '/srv/conf/c.pem': '', '/run/cred/key': '' },
      { explicitPath: '/srv/conf/x.yaml', env: { CREDENTIALS_DIRECTORY: '/run/cred' } },
    )
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        data: '/work/tlsrep-data',
        policy: '/srv/conf/policy.yaml',
        collector: { inputs: [{ log: ['/srv/conf/logs/*.log'] }, { log: ['/a', '/srv/conf/b'] }] },
        http: { tls: { cert: '/srv/conf/c.pem', key: '/run/cred/key' } },
        publisher: {
          outputs: { policy_service: { listen: { path: '/srv/conf/p.sock' } }, files: [{ path: '/srv/conf/t' }] },
        },
      },
    })
    expect(load({ '/srv/conf/x.yaml': 'data: d' }, { explicitPath: '/srv/conf/x.yaml' })).toMatchObject({
      config: { data: '/srv/conf/d' },
    })
  })

  it('shows the file as it would be with every default written out, and that file means the same', () => {
    const text = 'listeners: [{ name: mx, port: 25 }]\nclickhouse: { child: { memory: 1GiB } }\n'
    const loaded = load({ '/work/tlsrep.yaml': text })
    if (!loaded.ok) throw new Error('not read')
    expect(loaded.effective).toContain('memory: 1GiB')
    expect(loaded.effective).toContain('listen: 127.0.0.1:8642')
    expect(configOf(loaded.effective)).toEqual(loaded.config)
  })
})
