import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A message as it lies in the mailbox, with every header that was put before it on the way. */
export interface ReceivedMail {
  /** Unfolded (RFC 5322 §2.2.3), in their order. */
  headers: readonly { name: string; value: string }[]
  body: string
  /** Values of all headers of this name; upper and lower case alike. */
  header(name: string): string[]
}

/** The messages delivered into a maildir, oldest first. */
export function readMaildir(maildir: string): ReceivedMail[] {
  return fileNames(join(maildir, 'new'))
    .sort(byDelivery)
    .map((name) => parseMail(readFileSync(join(maildir, 'new', name), 'utf8')))
}

/** A mailbox without mail has not been made yet. */
function fileNames(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** Names of virtual(8) begin with seconds, and have microseconds after an M: `1764078533.Vfd00I2a1fM123456.mx1`. */
function byDelivery(a: string, b: string): number {
  const time = (name: string): number => Number.parseInt(name, 10) * 1e6 + Number(/M(\d+)\./.exec(name)?.[1] ?? 0)
  return time(a) - time(b)
}

function parseMail(text: string): ReceivedMail {
  const end = text.indexOf('\n\n')
  const head = end < 0 ? text : text.slice(0, end)
  const headers = head
    .replaceAll(/\n[ \t]+/g, ' ')
    .split('\n')
    .map((line) => {
      const colon = line.indexOf(':')
      return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() }
    })
  return {
    headers,
    body: end < 0 ? '' : text.slice(end + 2),
    header: (name) => headers.filter((h) => h.name.toLowerCase() === name.toLowerCase()).map((h) => h.value),
  }
}
