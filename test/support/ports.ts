import { createServer, type Server } from 'node:net'

/** Below the ports that Linux gives to outgoing connections (32768 and up): none of those may take a port that a service comes back to. */
const [LOWEST, HIGHEST] = [15_000, 32_767]
const TRIES = 200
/**
 * Whoever asks for a port comes to it seconds later. So that no other test takes it meanwhile, each of vitest's workers has a share of
 * the range of its own, and gives nothing out twice.
 */
const SHARES = 8
const SHARE = Math.floor((HIGHEST - LOWEST + 1) / SHARES)
const { VITEST_POOL_ID = '1' } = process.env
const FIRST = LOWEST + (Number(VITEST_POOL_ID) % SHARES) * SHARE
const given = new Set<number>()

/** Ports of 127.0.0.1 that nobody held a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = []
  const ports: number[] = []
  for (let tries = 1; ports.length < count; tries++) {
    if (tries > TRIES) throw new Error('no free ports')
    const port = FIRST + Math.floor(Math.random() * SHARE)
    const server = given.has(port) ? null : await hold(port)
    if (server === null) continue
    given.add(port)
    held.push(server)
    ports.push(port)
  }
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/** Null where somebody has it. */
function hold(port: number): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null)
      else reject(error)
    })
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
