import { type Parsed, quoted, textValue } from './text-value.ts'

/** What stands for the address in a page's URL. */
export const ADDRESS_PLACE = '{address}'

/** As it stands in a URL. */
const LONGEST_ADDRESS = encodeURIComponent('2001:0db8:1111:2222:3333:4444:5555:6666')

/** What an SMTP reply of the publisher has room for beside its other words: a page that is cut leads nowhere. */
const LONGEST_PAGE = 231

/** The URL of a page that tells strangers about an address; `{address}` in it stands for that address. */
export function lookupPage(example: string) {
  return textValue(parseLookupPage, { kind: 'http(s) URL', example, pattern: '^https?://' })
}

export function parseLookupPage(text: string): Parsed<string> {
  if (!/^[\x21-\x7e]*$/.test(text)) {
    return {
      ok: false,
      why: 'SMTP replies have room for ASCII without spaces only',
      instead: 'Percent-encode all else, and write a host name of other letters as xn--….',
    }
  }
  const page = text.replaceAll(ADDRESS_PLACE, LONGEST_ADDRESS)
  if (/[{}]/.test(page)) {
    return {
      ok: false,
      why: `braces stand around nothing but ${ADDRESS_PLACE}`,
      instead: `Write ${ADDRESS_PLACE} where the address belongs, and other braces as %7B and %7D.`,
    }
  }
  const url = URL.canParse(page) ? new URL(page) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return {
      ok: false,
      why: `${quoted(text)} is no http(s) URL`,
      instead: `Write e.g. https://example.net/q?ip=${ADDRESS_PLACE}, or leave the key out.`,
    }
  }
  if (url.username !== '' || url.password !== '') {
    return {
      ok: false,
      why: 'user and password do not belong into a URL that strangers are shown',
      instead: 'Write it without them.',
    }
  }
  if (page.length > LONGEST_PAGE) {
    return {
      ok: false,
      why: `with an IPv6 address in it the URL has ${page.length} characters, and an SMTP reply has room for ${LONGEST_PAGE}`,
      instead: 'Choose a shorter one.',
    }
  }
  return { ok: true, value: text }
}
