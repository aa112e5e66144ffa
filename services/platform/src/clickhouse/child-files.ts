import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the child keeps its things. All of it below one folder of mode 700. */
export interface ChildPaths {
  /** ClickHouse's own data. One process at a time may hold it. */
  data: string
  config: string
  /** The child's working directory, empty: ClickHouse would load a config.xml that lies there. */
  cwd: string
  /** ClickHouse's own log, warnings and errors, at most four files of 10 MB. */
  log: string
}

export interface ChildSettings {
  httpPort: number
  /** Bytes. A query that would need more fails, and the server lives on. */
  maxMemory: number
  /** Seconds after which the server ends a query by itself. */
  maxExecutionTime: number
}

/** The child's user for tlsrep, for migrations, and for whoever looks at the data. */
export const CHILD_USER = 'tlsrep'

/** Writes the configuration anew, keeps the password, and says where all is. */
export async function writeChildFiles(
  folder: string,
  settings: ChildSettings,
): Promise<{ paths: ChildPaths; password: string }> {
  const paths = {
    data: join(folder, 'data'),
    config: join(folder, 'config.xml'),
    cwd: join(folder, 'cwd'),
    log: join(folder, 'clickhouse.log'),
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  await mkdir(paths.cwd, { recursive: true })
  const password = await keptPassword(join(folder, 'password'))
  const users = join(folder, 'users.xml')
  await writePrivate(users, usersXml(password, settings))
  await writePrivate(paths.config, configXml(paths, users, settings))
  return { paths, password }
}

/** Made at the first start, kept afterwards: other commands on this machine read it to look at the data. */
async function keptPassword(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (kept.trim() !== '') {
    await chmod(file, 0o600)
    return kept.trim()
  }
  const password = randomBytes(32).toString('base64url')
  await writePrivate(file, `${password}\n`)
  return password
}

/** Whole or not at all: a start that was killed leaves no half a file for the next one. */
async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await chmod(`${file}.new`, 0o600)
  await rename(`${file}.new`, file)
}

/** Caches are small: the whole of tlsrep is to fit into a small host, and evidence is read in kilobytes. */
function configXml(paths: ChildPaths, users: string, settings: ChildSettings): string {
  return `<clickhouse>
  <logger>
    <level>warning</level>
    <log>${escaped(paths.log)}</log>
    <size>10M</size>
    <count>3</count>
    <console>0</console>
  </logger>
  <http_port>${settings.httpPort}</http_port>
  <listen_host>127.0.0.1</listen_host>
  <keep_alive_timeout>10</keep_alive_timeout>
  <max_server_memory_usage>${settings.maxMemory}</max_server_memory_usage>
  <mark_cache_size>33554432</mark_cache_size>
  <index_mark_cache_size>8388608</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <mmap_cache_size>0</mmap_cache_size>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <partition_by>toMonday(event_date)</partition_by>
    <ttl>event_date + INTERVAL 7 DAY DELETE</ttl>
    <flush_interval_milliseconds>7500</flush_interval_milliseconds>
  </query_log>
  <user_directories>
    <users_xml><path>${escaped(users)}</path></users_xml>
  </user_directories>
</clickhouse>
`
}

/**
 * Expressions are not compiled: on blocks of some ten thousand rows that costs more than it gives, and every distinct query pays it anew.
 *
 * The child's own session logs in as `default` without a password, from no network, or the child ends. That session holds the one place
 * which the profile allows, so nobody else gets in by that name.
 */
function usersXml(password: string, settings: ChildSettings): string {
  const hash = createHash('sha256').update(password).digest('hex')
  return `<clickhouse>
  <profiles>
    <default/>
    <own_session>
      <max_sessions_for_user>1</max_sessions_for_user>
    </own_session>
    <${CHILD_USER}>
      <max_execution_time>${settings.maxExecutionTime}</max_execution_time>
      <deduplicate_blocks_in_dependent_materialized_views>1</deduplicate_blocks_in_dependent_materialized_views>
      <async_insert>0</async_insert>
      <compile_expressions>0</compile_expressions>
      <compile_aggregate_expressions>0</compile_aggregate_expressions>
      <compile_sort_description>0</compile_sort_description>
      <log_queries_cut_to_length>4096</log_queries_cut_to_length>
    </${CHILD_USER}>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>own_session</profile>
      <quota>default</quota>
    </default>
    <${CHILD_USER}>
      <password_sha256_hex>${hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>${CHILD_USER}</profile>
      <quota>default</quota>
    </${CHILD_USER}>
  </users>
</clickhouse>
`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
