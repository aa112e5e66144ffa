import { createRequire } from 'node:module'
import { OperatorError } from '../errors/operator-error.ts'

const require = createRequire(import.meta.url)
const DOWNLOADABLE = 'Linux on x64 with glibc (Debian, Ubuntu, RHEL, …)'
const OWN_SERVER = 'set clickhouse.url to a ClickHouse server of your own'

/** What of the machine decides whether the library runs. */
export interface Platform {
  os: string
  arch: string
  glibc: boolean
}

export function thisPlatform(): Platform {
  return { os: process.platform, arch: process.arch, glibc: hasGlibc() }
}

/**
 * Path of the shared library that holds ClickHouse.
 * Throws `TLSREP_CLICKHOUSE_PLATFORM` where there is none for this machine, `TLSREP_CLICKHOUSE_NOT_INSTALLED` where npm left it out.
 */
export function findLibrary(platform = thisPlatform(), resolve: (id: string) => string = require.resolve): string {
  if (platform.os !== 'linux' || platform.arch !== 'x64' || !platform.glibc) {
    const here = `${platform.os} on ${platform.arch}${platform.os === 'linux' && !platform.glibc ? ' without glibc' : ''}`
    throw new OperatorError({
      code: 'TLSREP_CLICKHOUSE_PLATFORM',
      message: `tlsrep cannot start ClickHouse itself on ${here}: the library exists for ${DOWNLOADABLE}`,
      where: here,
      remedy: `Run tlsrep on ${DOWNLOADABLE}, or ${OWN_SERVER}.`,
    })
  }
  try {
    resolve('ffi-rs')
    return resolve('@chdb/lib-linux-x64-gnu/libchdb.so')
  } catch (cause) {
    throw new OperatorError({
      code: 'TLSREP_CLICKHOUSE_NOT_INSTALLED',
      message: 'the optional packages that hold ClickHouse (@chdb/lib-linux-x64-gnu, ffi-rs) are not installed',
      where: 'node_modules',
      remedy: `Run npm ci again without --omit=optional (it needs 600 MB of disk), or ${OWN_SERVER}.`,
      cause,
    })
  }
}

function hasGlibc(): boolean {
  if (process.platform !== 'linux') return false
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime !== undefined
}
