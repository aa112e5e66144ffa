/** Numbers of the DNS protocol (RFC 1035 sections 3.2 and 4.1, RFC 6891), as far as a DNSBL needs them. */

export const HEADER_BYTES = 12
/** RFC 1035 section 2.3.4, with the length bytes and the root's. */
export const NAME_MAX = 255
export const LABEL_MAX = 63

export const TYPE = {
  A: 1,
  NS: 2,
  SOA: 6,
  TXT: 16,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const

export const CLASS_IN = 1

export const OPCODE_QUERY = 0

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Its upper eight bits go into the OPT record (RFC 6891 section 6.1.3). */
  BADVERS: 16,
} as const

/** Bits of the header's second 16-bit word. */
export const FLAG = {
  QR: 0x8000,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  OPCODE: 0x7800,
} as const

/** OPT flag (RFC 3225 section 3): a server that signs nothing still copies it. */
export const DNSSEC_OK = 0x8000

/** What a UDP reply may hold when the client says nothing (RFC 1035 section 4.2.1). */
export const UDP_PLAIN_MAX = 512

/** What we send and take over UDP with EDNS: never fragmented on any path in use (DNS flag day 2020). */
export const UDP_EDNS_MAX = 1232

export const TCP_MAX = 65535
