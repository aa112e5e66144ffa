/**
 * The name of a listener where the configuration gives none, from the syslog program. Debian's and upstream's master.cf set
 * `syslog_name=postfix/submission`, `postfix/submissions` (before 3.8: `postfix/smtps`); smtpd and postscreen without one are port 25.
 * A second instance (`postfix-out/smtpd`) is a door of its own.
 */
export function defaultListenerName(program: string): string {
  const parts = program.split('/')
  const instance = parts[0] ?? ''
  const door = doorName(parts.slice(1, -1).join('/'))
  return instance === 'postfix' ? door : `${instance}/${door}`
}

function doorName(middle: string): string {
  if (middle === '' || middle === 'smtp') return 'mx'
  return middle === 'smtps' ? 'submissions' : middle
}
