import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type AclEntry, AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs'

const ACLS = fileURLToPath(new URL('../../infra/kafka/acls.sh', import.meta.url))
const GRANTS = fileURLToPath(new URL('../../infra/clickhouse/grants.sql', import.meta.url))

const OPERATIONS: Readonly<Record<string, AclOperationTypes>> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
}
const RESOURCES: Readonly<Record<string, AclResourceTypes>> = {
  '--topic': AclResourceTypes.TOPIC,
  '--group': AclResourceTypes.GROUP,
  '--transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
}

/** What infra/kafka/acls.sh would tell Kafka's own tool, which is not among the broker's jars. */
export function kafkaAcls(role: string, principal: string, ...more: string[]): AclEntry[] {
  const env = { ...process.env, KAFKA_ACLS: 'echo' }
  const told = execFileSync('sh', [ACLS, 'broker:9092', role, principal, ...more], { env, encoding: 'utf8' })
  return told.trim().split('\n').flatMap(entriesOf)
}

function entriesOf(line: string): AclEntry[] {
  const words = line.split(' ')
  const after = (name: string): string[] =>
    words.flatMap((word, index) => (word === name ? [words[index + 1] ?? ''] : []))
  const [kind = ''] = words.filter((word) => word in RESOURCES)
  const [principal = ''] = after('--allow-principal')
  const [resourceName = ''] = after(kind)
  const prefixed = after('--resource-pattern-type')[0] === 'prefixed'
  return after('--operation').map((name) => ({
    resourceType: known(RESOURCES, kind),
    resourceName,
    resourcePatternType: prefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    principal,
    host: '*',
    operation: known(OPERATIONS, name),
    permissionType: AclPermissionTypes.ALLOW,
  }))
}

function known<T>(table: Readonly<Record<string, T>>, name: string): T {
  const found = table[name]
  if (found === undefined) throw new Error(`acls.sh says ${name}, which this test does not know`)
  return found
}

/**
 * infra/clickhouse/grants.sql as a file for users.d: the server of the tests knows no CREATE USER.
 * @param passwords by user
 */
export function usersOfGrants(passwords: Readonly<Record<string, string>>): string {
  const sql = readFileSync(GRANTS, 'utf8')
  const users = Object.entries(passwords).map(([user, password]) => {
    const grants = [...sql.matchAll(/^(GRANT .*) TO (\w+);$/gm)].filter(([, , to]) => to === user)
    if (grants.length === 0) throw new Error(`grants.sql has nothing for ${user}`)
    const hash = createHash('sha256').update(password).digest('hex')
    const queries = grants.map(([, grant]) => `<query>${grant}</query>`).join('')
    return `<${user}>
      <password_sha256_hex>${hash}</password_sha256_hex><networks><ip>::/0</ip></networks>
      <profile>tlsrep</profile><quota>default</quota><grants>${queries}</grants>
    </${user}>`
  })
  const [, settings = ''] = /SETTINGS PROFILE IF NOT EXISTS tlsrep\s+SETTINGS ([^;]+);/.exec(sql) ?? []
  const profile = settings.split(',').map((setting) => {
    const [name, value] = setting.trim().split(' = ')
    return `<${name}>${value}</${name}>`
  })
  return `<clickhouse>
  <profiles><tlsrep>${profile.join('')}</tlsrep></profiles>
  <users>${users.join('')}</users>
</clickhouse>`
}
