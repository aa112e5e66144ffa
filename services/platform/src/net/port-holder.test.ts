import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OperatorError } from '../errors/operator-error.ts'
import { listenFailure } from './listen-failure.ts'
import { findPortHolder } from './port-holder.ts'

const onLinux = process.platform === 'linux'

test.runIf(onLinux)('the holder of a TCP port is found, and of no other protocol on that port', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    expect((await findPortHolder('tcp', port))?.pid).toBe(process.pid)
    expect((await findPortHolder('tcp', port))?.program).toMatch(/node/)
    expect((await findPortHolder('udp', port))?.pid).not.toBe(process.pid)
  } finally {
    server.close()
  }
})

test.runIf(onLinux)('the holder of a UDP port on an IPv6 address is found', async () => {
  const socket = createSocket('udp6').bind(0, '::1')
  await once(socket, 'listening')
  try {
    expect((await findPortHolder('udp', socket.address().port))?.pid).toBe(process.pid)
  } finally {
    socket.close()
  }
})

test('a holder that may not be looked at, and a system without /proc, give no name', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'tlsrep-proc-'))
  try {
    expect(await findPortHolder('udp', 53, proc)).toBeUndefined()
    mkdirSync(join(proc, 'net'))
    writeFileSync(
      join(proc, 'net/udp'),
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n' +
        '  7: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 0\n',
    )
    mkdirSync(join(proc, '12'))
    expect(await findPortHolder('udp', 53, proc)).toBeUndefined()
  } finally {
    rmSync(proc, { recursive: true })
  }
})

test('what a process calls itself cannot write control characters into our message', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'tlsrep-proc-'))
  try {
    mkdirSync(join(proc, 'net'))
    writeFileSync(join(proc, 'net/tcp'), 'header\n 0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 99 1\n')
    mkdirSync(join(proc, '31/fd'), { recursive: true })
    symlinkSync('socket:[99]', join(proc, '31/fd/4'))
    writeFileSync(join(proc, '31/comm'), '\u001b[31mevil\n')
    expect(await findPortHolder('tcp', 8080, proc)).toEqual({ pid: 31, program: '?[31mevil' })
  } finally {
    rmSync(proc, { recursive: true })
  }
})

const attempt = {
  service: 'DNSBL',
  protocol: 'udp',
  address: '127.0.0.1',
  port: 5354,
  setting: 'dnsbl.listen',
} as const

test.each([
  ['EADDRINUSE', 'TLSREP_PORT_IN_USE'],
  ['EACCES', 'TLSREP_PORT_NOT_ALLOWED'],
  ['EADDRNOTAVAIL', 'TLSREP_ADDRESS_NOT_HERE'],
])('%s becomes %s, with where and what to do', async (errno, code) => {
  const failure = await listenFailure(Object.assign(new Error('bind'), { code: errno }), attempt)
  expect(failure).toBeInstanceOf(OperatorError)
  expect(failure).toMatchObject({ code, where: '127.0.0.1:5354/udp', remedy: expect.stringContaining('dnsbl.listen') })
})

test('a failure that nobody can mend stays what it is', async () => {
  const error = Object.assign(new Error('bind'), { code: 'EMFILE' })
  expect(await listenFailure(error, attempt)).toBe(error)
})
