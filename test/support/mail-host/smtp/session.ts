import type { ConnectionOptions } from 'node:tls'
import { MAIL_DOMAIN, MX_ADDRESS } from '../postfix-config.ts'
import { SmtpConnection } from './connection.ts'
import type { SmtpJob, SmtpReply, SmtpResult } from './job.ts'

/** A refusal of the whole session: the peer says QUIT and goes. */
class Refused extends Error {}

/** Has one session as a job describes it. What the server does is a result, never an exception. */
export async function runSession(job: SmtpJob): Promise<SmtpResult> {
  const result: SmtpResult = { replies: [], tls: null, error: null }
  try {
    await converse(job, result)
  } catch (error) {
    if (!(error instanceof Refused)) result.error = error instanceof Error ? error.message : String(error)
  }
  return result
}

async function converse(job: SmtpJob, result: SmtpResult): Promise<void> {
  const connection = await SmtpConnection.open({ from: job.from, to: job.to ?? MX_ADDRESS, port: job.port ?? 25 })
  const note = (reply: SmtpReply): SmtpReply => {
    result.replies.push(reply)
    return reply
  }
  const say = async (line: string, to = line.split(/[ :]/, 1)[0] ?? ''): Promise<SmtpReply> =>
    note(await connection.command(line, to))
  const must = (reply: SmtpReply): void => {
    if (reply.code >= 400) throw new Refused(reply.text)
  }
  try {
    if (job.tls === 'wrapper') result.tls = await connection.secure(tlsOptions(job))
    must(note(await connection.reply('CONNECT')))
    must(await say(`EHLO ${job.helo ?? 'client.example'}`))
    if (job.tls === 'starttls') {
      must(await say('STARTTLS'))
      if (!(await handshake(job, connection, result))) return
      must(await say(`EHLO ${job.helo ?? 'client.example'}`))
    }
    for (let number = 0; number < (job.mails ?? 1); number++) await sendMail(job, number, say)
    await say('QUIT')
  } catch (error) {
    if (error instanceof Refused) await say('QUIT')
    throw error
  } finally {
    await connection.close()
  }
}

/** @returns whether the session goes on under TLS */
async function handshake(job: SmtpJob, connection: SmtpConnection, result: SmtpResult): Promise<boolean> {
  if (job.handshake === 'close') return false
  if (job.handshake === 'garbage') {
    connection.write('this is no TLS record\r\n')
    result.error = await connection.reply('STARTTLS').then(
      () => 'the server answered garbage with a reply',
      (error: Error) => error.message,
    )
    return false
  }
  result.tls = await connection.secure(tlsOptions(job))
  return true
}

function tlsOptions(job: SmtpJob): ConnectionOptions {
  const { minVersion, maxVersion, ciphers } = job
  return {
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
    // What OpenSSL holds back by default are the very things that old peers do.
    ...(ciphers ? { ciphers } : minVersion && { ciphers: 'ALL:@SECLEVEL=0' }),
  }
}

/** One message; where a step is refused, the next message begins anew. */
async function sendMail(
  job: SmtpJob,
  number: number,
  say: (line: string, to?: string) => Promise<SmtpReply>,
): Promise<void> {
  const sender = job.mailFrom ?? 'sender@sender.example'
  const recipient = job.rcptTo ?? `inbox@${MAIL_DOMAIN}`
  const steps = [`MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`, 'DATA']
  for (const step of steps) {
    const { code } = await say(step)
    if (code >= 400) {
      await say('RSET')
      return
    }
  }
  const subject = job.subject ?? `Message ${number + 1}`
  await say(`From: <${sender}>\r\nTo: <${recipient}>\r\nSubject: ${subject}\r\n\r\nHello\r\n.`, 'DATA.')
}
