/** Addresses and name by which peers know the mail host. Postfix listens on the second only where a test says so. */
export const MX_ADDRESS = '192.0.2.25'
export const MX_ADDRESS_V6 = '2001:db8:25::25'
export const MX_NAME = 'mx1.example.org'

/** The domain whose mail ends at the host, whatever the local part. */
export const MAIL_DOMAIN = 'example.org'

const MAIN_CF: Readonly<Record<string, string>> = {
  compatibility_level: '3.6',
  myhostname: MX_NAME,
  mydomain: MAIL_DOMAIN,
  myorigin: MAIL_DOMAIN,
  mydestination: 'localhost',
  mynetworks: '127.0.0.0/8',
  inet_interfaces: `${MX_ADDRESS}, 127.0.0.1`,
  inet_protocols: 'all',
  smtp_bind_address: MX_ADDRESS,
  // Names come from /etc/hosts: there is no name server unless a test starts one.
  smtp_dns_support_level: 'disabled',
  smtp_host_lookup: 'native',
  smtp_tls_security_level: 'may',
  smtp_tls_loglevel: '1',
  alias_maps: '',
  alias_database: '',
  notify_classes: '',
  virtual_mailbox_domains: MAIL_DOMAIN,
  virtual_mailbox_base: '/var/mail',
  virtual_mailbox_maps: 'static:inbox/',
  virtual_uid_maps: 'static:5000',
  virtual_gid_maps: 'static:5000',
  smtpd_tls_security_level: 'may',
  smtpd_tls_cert_file: '/etc/postfix/tls/mx.crt',
  smtpd_tls_key_file: '/etc/postfix/tls/mx.key',
  smtpd_tls_loglevel: '1',
  smtpd_tls_received_header: 'yes',
  smtpd_tls_protocols: '>=TLSv1.2',
  // Many sessions from one address, one after another, are what tests are made of.
  smtpd_error_sleep_time: '0',
  smtpd_client_connection_count_limit: '0',
  smtpd_client_connection_rate_limit: '0',
  maillog_file: '/var/log/mail.log',
}

/** No service is in a chroot: the host is in one as a whole. */
const MASTER_CF: readonly string[] = [
  `${MX_ADDRESS}:smtp inet n - n - - smtpd`,
  '127.0.0.1:smtp inet n - n - - smtpd',
  'smtpd pass - - n - - smtpd',
  'dnsblog unix - - n - 0 dnsblog',
  'tlsproxy unix - - n - 0 tlsproxy',
  'pickup unix n - n 60 1 pickup',
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'tlsmgr unix - - n 1000? 1 tlsmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'verify unix - - n - 1 verify',
  'flush unix n - n 1000? 0 flush',
  'proxymap unix - - n - - proxymap',
  'proxywrite unix - - n - 1 proxymap',
  'smtp unix - - n - - smtp',
  'relay unix - - n - - smtp',
  'showq unix n - n - - showq',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'discard unix - - n - - discard',
  'local unix - n n - - local',
  'virtual unix - n n - - virtual',
  'lmtp unix - - n - - lmtp',
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
  'postlog unix-dgram n - n - 1 postlogd',
]

/** main.cf: the host's own settings, and over them those of the test. */
export function mainCf(settings: Readonly<Record<string, string>>): string {
  return Object.entries({ ...MAIN_CF, ...settings })
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

/**
 * master.cf: an entry takes the place of the one with the same name and type (`192.0.2.25:smtp inet`), else it is one more. Options
 * follow on lines of their own that begin with a space.
 */
export function masterCf(entries: readonly string[]): string {
  const services = new Map<string, string>()
  for (const entry of [...MASTER_CF, ...entries]) services.set(serviceKey(entry), entry)
  return [...services.values()].map((entry) => `${entry}\n`).join('')
}

function serviceKey(entry: string): string {
  return entry.trim().split(/\s+/, 2).join(' ')
}
