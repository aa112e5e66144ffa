import { closeSync, openSync, writeSync } from 'node:fs'

/** A log of `count` sessions, each of its own process, that have begun and logged TLS and a message, and have not ended. */
export function writeOpenSessions(path: string, count: number): void {
  const file = openSync(path, 'w')
  let out: string[] = []
  for (let i = 0; i < count; i++) {
    const peer = `mail${i}.sender.example[10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}]`
    const head = `Jan  5 06:00:0${i % 10} mx1 postfix/smtpd[${i + 1}]: `
    out.push(
      `${head}connect from ${peer}\n`,
      `${head}Anonymous TLS connection established from ${peer}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n`,
      `${head}${(i + 0x10000000).toString(16).toUpperCase()}: client=${peer}\n`,
    )
    if (out.length >= 30_000) {
      writeSync(file, out.join(''))
      out = []
    }
  }
  writeSync(file, out.join(''))
  closeSync(file)
}
