/**
 * What runs in the child process: `clickhouse local` out of chdb's shared library, which since 26.x can listen like a server. The call
 * blocks this process's only thread until the session ends, which it does when stdin is closed; all work happens on ClickHouse's own
 * threads. A process of its own, because the library takes signals, memory accounting and the exit into its own hands.
 *
 * Arguments: path of the library, then the arguments for ClickHouse, the last one being what to listen to.
 */
import { createRequire } from 'node:module'

const [library = '', ...args] = process.argv.slice(2)
// ffi-rs is CommonJS, and loads its native part where it is required.
const ffi = createRequire(import.meta.url)('ffi-rs') as typeof import('ffi-rs')
const argv = ['clickhouse-local', ...args]

ffi.open({ library: 'chdb', path: library })
ffi.load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  retType: ffi.DataType.External,
  paramsType: [ffi.DataType.I32, ffi.DataType.StringArray],
  paramsValue: [argv.length, argv],
})
