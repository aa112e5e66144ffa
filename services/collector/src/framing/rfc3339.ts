import type { FramingContext } from './context.ts'
import type { Framing } from './framing.ts'
import { createIsoStamp } from './iso-stamp.ts'
import { readHost, readTag, skipPri } from './syslog-header.ts'

/**
 * `[<PRI>]yyyy-mm-ddThh:mm:ss[.fraction][zone] host program[pid]: message`: RFC 3164's layout with RFC 3339's stamp (rsyslog's
 * RSYSLOG_FileFormat and RSYSLOG_ForwardFormat). A stamp without a zone is the host's local time.
 */
export function createRfc3339(context: FramingContext): Framing {
  const { clock, hosts, programs } = context
  const stamp = createIsoStamp(context)
  return {
    name: 'rfc3339',
    frame(line) {
      const at = skipPri(line.bytes, line.start, line.end)
      const afterStamp = at < 0 ? -1 : stamp.read(line.bytes, at, line.end)
      const afterHost = afterStamp < 0 ? -1 : readHost(line, afterStamp, hosts)
      if (afterHost < 0 || !readTag(line, afterHost, programs)) return false
      line.time = stamp.zoned ? stamp.time : clock.local(line.host, stamp.time)
      return true
    },
  }
}
