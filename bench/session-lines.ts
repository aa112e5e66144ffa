/** One session of a log to be written: all that differs from one to the next. */
export interface Session {
  /** Number of the sender, see `addressOf`. */
  sender: number
  tls: boolean
  /** Of all sessions in the log: makes pid and queue id. */
  ordinal: number
  /** Milliseconds since 1970 UTC. */
  at: number
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
/** Processes of smtpd at work at once; each has one session after the other. */
const PROCESSES = 4000
const TLS =
  'TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits)'

/** Where a sender connects from: neighbours from 20.0.0.0 on. */
export function addressOf(sender: number): string {
  const address = 0x14000000 + sender
  return `${address >>> 24}.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`
}

/** The lines that Postfix writes for one session with one message, as the mail facility has them, in UTC. */
export function sessionLines({ sender, tls, ordinal, at }: Session): string {
  const stamp = stampOf(at)
  const smtpd = `${stamp} mx1 postfix/smtpd[${1000 + (ordinal % PROCESSES)}]: `
  const peer = `mail${sender}.sender.example[${addressOf(sender)}]`
  const queueId = (0x4a0000000 + ordinal).toString(16).toUpperCase()
  const handshake = `${smtpd}Anonymous TLS connection established from ${peer}: ${TLS} server-digest SHA256\n`
  return `${smtpd}connect from ${peer}
${tls ? handshake : ''}${smtpd}${queueId}: client=${peer}
${stamp} mx1 postfix/cleanup[700]: ${queueId}: message-id=<${ordinal}.a@sender.example>
${stamp} mx1 postfix/qmgr[701]: ${queueId}: from=<a@sender.example>, size=2410, nrcpt=1 (queue active)
${smtpd}disconnect from ${peer} ehlo=${tls ? '2 starttls=1' : '1'} mail=1 rcpt=1 data=1 quit=1 commands=${tls ? 7 : 5}
`
}

const told = { second: Number.NaN, stamp: '' }

function stampOf(at: number): string {
  const second = Math.floor(at / 1000)
  if (told.second !== second) {
    const date = new Date(at)
    const day = String(date.getUTCDate()).padStart(2, ' ')
    told.second = second
    told.stamp = `${MONTHS[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 19)}`
  }
  return told.stamp
}
