import { domainToASCII } from 'node:url'
import { nearest } from './nearest.ts'
import { type Parsed, quoted, textValue } from './text-value.ts'

/** RFC 1035 section 2.3.4, less the longest query that stands before a zone: 32 nibbles of an IPv6 address with their dots. */
const ZONE_MAX = 253 - 64
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** A file or directory. Relative paths are taken from the directory of the configuration file. */
export function filePath(example: string, kind = 'path') {
  return textValue(parsePath, { kind, example })
}

/** A file with a secret in it; `${NAME}` stands for an environment variable, e.g. systemd's `${CREDENTIALS_DIRECTORY}`. */
export function secretPath(example: string) {
  return filePath(example, 'path, with environment variables')
}

/** An IANA time zone. */
export function timeZone() {
  return textValue(parseTimeZone, { kind: 'time zone', example: 'Europe/Berlin' })
}

/** A DNS zone, without a dot at its end; the value is in lower case. */
export function zoneName(example: string) {
  return textValue(parseZoneName, { kind: 'domain name', example })
}

/** A short name that appears in events, metrics and messages. */
export function shortName(example: string) {
  return textValue(parseShortName, { kind: 'name', example, pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$' })
}

/** The base URL of an HTTP service, without user and password; the value has no slash at its end. */
export function httpUrl(example: string) {
  return textValue(parseHttpUrl, { kind: 'http(s) URL', example, pattern: '^https?://' })
}

export function parsePath(text: string): Parsed<string> {
  if (text === '') return { ok: false, why: 'the path is empty', instead: 'Write a path, or leave the key out.' }
  if (text.includes('\0'))
    return { ok: false, why: 'a path cannot hold a NUL byte', instead: 'Write the path without it.' }
  if (text.startsWith('~')) {
    return { ok: false, why: '~ is a word of the shell only', instead: 'Write the whole path of your home directory.' }
  }
  return { ok: true, value: text }
}

export function parseTimeZone(text: string): Parsed<string> {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return { ok: true, value: text }
  } catch {
    const close = nearest(text, Intl.supportedValuesOf('timeZone'))
    return {
      ok: false,
      why: `there is no time zone ${quoted(text)}`,
      instead: close === undefined ? 'Write an IANA name such as Europe/Berlin or UTC.' : `Did you mean ${close}?`,
    }
  }
}

export function parseZoneName(text: string): Parsed<string> {
  const zone = domainToASCII(text.replace(/\.$/, '')).toLowerCase()
  if (
    zone === '' ||
    !zone.includes('.') ||
    /^[\d.]+$/.test(zone) ||
    !zone.split('.').every((label) => LABEL.test(label))
  ) {
    return {
      ok: false,
      why: `${quoted(text)} is no domain name for a zone`,
      instead: 'Write letters, digits and hyphens between dots, e.g. bl.example.net.',
    }
  }
  if (zone.length > ZONE_MAX) {
    return {
      ok: false,
      why: `the name has more than ${ZONE_MAX} characters, and questions about IPv6 addresses would not fit`,
      instead: 'Choose a shorter name.',
    }
  }
  return { ok: true, value: zone }
}

export function parseShortName(text: string): Parsed<string> {
  if (/^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/.test(text)) return { ok: true, value: text }
  return {
    ok: false,
    why: `${quoted(text)} cannot be a name`,
    instead: 'Write 1 to 64 letters, digits, dots, hyphens, underscores or slashes, beginning with a letter or digit.',
  }
}

export function parseHttpUrl(text: string): Parsed<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return { ok: false, why: `${quoted(text)} is no http(s) URL`, instead: 'Write e.g. http://127.0.0.1:8123.' }
  }
  if (url.username !== '' || url.password !== '') {
    return {
      ok: false,
      why: 'user and password do not belong into the URL, which is shown in logs',
      instead: 'Write clickhouse.user and clickhouse.password_file.',
    }
  }
  if (url.search !== '' || url.hash !== '') {
    return { ok: false, why: 'a query or fragment has no place here', instead: `Write ${url.origin}${url.pathname}.` }
  }
  return { ok: true, value: `${url.origin}${url.pathname}`.replace(/\/$/, '') }
}
