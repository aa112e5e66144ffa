/** Syslog daemons and the tags under which they speak for themselves (rsyslogd adds its error number in some versions). */
const SYSLOG_DAEMON = /^(?:rsyslogd(?:-\d+)?|systemd-journald|systemd-journal|journal)$/

/** Asked once per program: whether it may say that lines were lost. */
export function speaksOfLoss(program: string): boolean {
  return SYSLOG_DAEMON.test(program)
}

/** What the daemons write when they dropped lines of others: rsyslog's rate limiter, journald's forwarding and its rate limiter. */
const RSYSLOG_WORDS = ['begin to drop messages due to rate-limiting', 'messages lost due to rate-limiting']
const RSYSLOG_LOST = /^(?:imuxsock|imjournal)\S* lost \d+ messages/
const JOURNALD_FORWARDING = /^Forwarding to syslog missed \d+ messages/
const JOURNALD_SUPPRESSED = /^Suppressed \d+ messages from (\S+)/

/** Units whose lines are mail servers'. journald limits each unit on its own, so a chatty name server loses nothing of theirs. */
const MAIL_UNIT = /postfix|exim|sendmail|smtpd|haraka|stalwart|kumo|qmail|mox|zonemta|mail/i
const OTHER_SERVICE = /\.service$/

/** Notices are short; what is longer is none. */
const NOTICE_MAX = 512

/**
 * Whether a line of a syslog daemon says that lines of a mail server may be missing. After such a notice, what a missing line would
 * prove is not proven. Called for lines of syslog daemons alone: other programs may write these words as they like.
 */
export function isLossNotice(text: string, start: number, end: number): boolean {
  if (end - start > NOTICE_MAX) return false
  const message = text.slice(start, end)
  if (RSYSLOG_WORDS.some((words) => message.includes(words))) return true
  if (RSYSLOG_LOST.test(message) || JOURNALD_FORWARDING.test(message)) return true
  const unit = JOURNALD_SUPPRESSED.exec(message)?.[1]
  return unit !== undefined && (MAIL_UNIT.test(unit) || !OTHER_SERVICE.test(unit))
}
