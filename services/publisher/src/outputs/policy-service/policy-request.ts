/** The attributes of a request that a decision needs (Postfix SMTPD_POLICY_README, "Protocol description"). Empty where not sent. */
export interface PolicyRequest {
  /** `CONNECT`, `EHLO`, `HELO`, `MAIL`, `RCPT`, `DATA`, `END-OF-MESSAGE`, `VRFY`, `ETRN`. */
  protocolState: string
  clientAddress: string
  /** 0 before Postfix 3.2. */
  serverPort: number
  /** The same for all requests about one message. */
  instance: string
  /** The client has logged in. */
  authenticated: boolean
}

export function emptyRequest(): PolicyRequest {
  return { protocolState: '', clientAddress: '', serverPort: 0, instance: '', authenticated: false }
}

const NEWLINE = 10

/**
 * Reads the lines from `start` up to the empty line at `end` (the index of its newline) into `request`, which is used again and again. Of
 * an attribute sent twice the first one counts: what Postfix itself says stands before what a client made it say.
 * @returns false when it is no request of Postfix's access policy protocol
 */
export function readPolicyRequest(text: string, start: number, end: number, request: PolicyRequest): boolean {
  request.protocolState = ''
  request.clientAddress = ''
  request.serverPort = 0
  request.instance = ''
  request.authenticated = false
  let isPolicy = false
  for (let at = start; at < end; ) {
    let eol = text.indexOf('\n', at)
    if (eol < 0 || eol > end) eol = end
    const equals = text.indexOf('=', at)
    if (equals <= at || equals >= eol) return false
    switch (text.charCodeAt(at)) {
      case 114: // r
        if (isName(text, at, equals, 'request')) isPolicy ||= text.slice(equals + 1, eol) === 'smtpd_access_policy'
        break
      case 112: // p
        if (isName(text, at, equals, 'protocol_state')) request.protocolState ||= text.slice(equals + 1, eol)
        break
      case 99: // c
        if (isName(text, at, equals, 'client_address')) request.clientAddress ||= text.slice(equals + 1, eol)
        break
      case 105: // i
        if (isName(text, at, equals, 'instance')) request.instance ||= text.slice(equals + 1, eol)
        break
      case 115: // s
        if (isName(text, at, equals, 'server_port')) request.serverPort ||= portOf(text, equals + 1, eol)
        else if (isName(text, at, equals, 'sasl_username')) request.authenticated ||= eol > equals + 1
        break
    }
    at = eol + 1
  }
  return isPolicy
}

/** Index of the newline that ends the request beginning at `at`, with the empty line behind it; -1 where it has not come yet. */
export function requestEnd(text: string, at: number): number {
  return text.charCodeAt(at) === NEWLINE ? at : text.indexOf('\n\n', at)
}

function isName(text: string, at: number, equals: number, name: string): boolean {
  return equals - at === name.length && text.startsWith(name, at)
}

function portOf(text: string, start: number, end: number): number {
  let port = 0
  if (end - start > 5) return 0
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return 0
    port = port * 10 + digit
  }
  return port <= 65535 ? port : 0
}
