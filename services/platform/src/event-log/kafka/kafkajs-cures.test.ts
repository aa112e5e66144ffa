import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { encoded } from './kafkajs-cures.ts'

interface Connection {
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  send(message: object): Promise<Buffer>
}

const require = createRequire(import.meta.url)
const ConnectionClass = require('kafkajs/src/network/connection.js') as new (options: object) => Connection

const said = (): void => {}
const logger = { namespace: () => logger, debug: said, info: said, warn: said, error: said }
const QUESTION = {
  request: { apiKey: 3, apiVersion: 0, apiName: 'Metadata', encode: async () => encoded(Buffer.alloc(0)) },
  response: { decode: async (bytes: Buffer) => bytes, parse: async (bytes: Buffer) => bytes },
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A broker that breaks off in the middle of its first answer. */
async function breakingBroker(): Promise<number> {
  let broken = false
  const server = createServer((socket) => {
    socket.on('data', (question) => {
      const answer = Buffer.concat([Buffer.from([0, 0, 0, 9]), question.subarray(8, 12), Buffer.from('whole')])
      if (broken) socket.write(answer)
      else socket.end(answer.subarray(0, 10))
      broken = true
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return (server.address() as AddressInfo).port
}

test('half an answer of a connection that was lost is not taken for the beginning of the next one', async () => {
  const port = await breakingBroker()
  const socketFactory = ({ onConnect }: { onConnect: () => void }): Socket => connect(port, '127.0.0.1', onConnect)
  const connection = new ConnectionClass({
    host: '127.0.0.1',
    port,
    logger,
    socketFactory,
    requestTimeout: 5000,
    connectionTimeout: 5000,
  })
  closing.push(() => connection.disconnect())
  await connection.connect()
  await expect(connection.send(QUESTION)).rejects.toThrow('Closed connection')
  await connection.connect()
  expect((await connection.send(QUESTION)).toString()).toBe('whole')
})
