import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../ports.ts'

export interface BrokerFiles {
  directory: string
  data: string
  properties: string
  log4j: string
  /** What the broker printed. */
  output: string
  ports: { plain: number; controller: number; behindProxy: number; proxy: number; secure: number; mutual: number }
}

/** A directory for one broker, whose name says which process it belongs to. */
export async function claimFiles(): Promise<BrokerFiles> {
  removeAbandoned()
  const directory = mkdtempSync(join(parent(), `${process.pid}-${startOf(process.pid)}-`))
  const [plain = 0, controller = 0, behindProxy = 0, proxy = 0, secure = 0, mutual = 0] = await freePorts(6)
  const at = (name: string): string => join(directory, name)
  return {
    directory,
    data: at('data'),
    properties: at('server.properties'),
    log4j: at('log4j2.properties'),
    output: at('output.log'),
    ports: { plain, controller, behindProxy, proxy, secure, mutual },
  }
}

/** Removes the files of brokers whose process ended without stopping them; the broker itself ended with that process. */
function removeAbandoned(): void {
  for (const name of readdirSync(parent())) {
    const [pid = '', start = ''] = name.split('-')
    if (startOf(Number(pid)) !== start) rmSync(join(parent(), name), { recursive: true, force: true })
  }
}

function parent(): string {
  const directory = join(tmpdir(), 'tlsrep-test-kafka')
  mkdirSync(directory, { recursive: true })
  return directory
}

/** When a process started, in ticks since boot (proc(5), stat, field 22): a pid used again is another process. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown'
  } catch {
    return 'none'
  }
}
