// Makes ClickHouse's password where there is none yet, and writes ClickHouse's user file, which holds its hash, anew each time.
//   node make-secrets.mjs TEMPLATE SECRETS_DIRECTORY USERS_DIRECTORY
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PLACE = '@PASSWORD_SHA256@'

const [template, secrets, users] = process.argv.slice(2)
if (users === undefined) throw new Error('usage: make-secrets.mjs TEMPLATE SECRETS_DIRECTORY USERS_DIRECTORY')

const text = readFileSync(template, 'utf8')
if (!text.includes(PLACE)) throw new Error(`${template} has no ${PLACE}`)
const hash = createHash('sha256')
  .update(keptPassword(join(secrets, 'clickhouse-password')))
  .digest('hex')
// ClickHouse reads it as another user. The hash of 32 random bytes gives nothing away.
writeWhole(join(users, 'tlsrep.xml'), text.replaceAll(PLACE, hash), 0o644)

/** A password that was changed by hand is kept, too: the hash follows it. */
function keptPassword(file) {
  try {
    const kept = readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? ''
    if (kept !== '') return kept
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  const password = randomBytes(32).toString('base64url')
  writeWhole(file, `${password}\n`, 0o400)
  return password
}

/** A run that is cut off leaves no half a file. */
function writeWhole(file, content, mode) {
  writeFileSync(`${file}.new`, content, { mode })
  renameSync(`${file}.new`, file)
}
