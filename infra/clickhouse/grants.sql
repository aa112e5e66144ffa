-- Users of a ClickHouse server that several services share. Put passwords in; the same one goes into the file that clickhouse.password_file
-- names. tlsrep_migrate is for `tlsrep migrate` alone, tlsrep for the scorers and the commands that look. Collectors and publishers do not
-- speak to ClickHouse.
CREATE DATABASE IF NOT EXISTS tlsrep ENGINE = Atomic;

CREATE SETTINGS PROFILE IF NOT EXISTS tlsrep
  SETTINGS deduplicate_blocks_in_dependent_materialized_views = 1, async_insert = 0, max_execution_time = 60;

CREATE USER IF NOT EXISTS tlsrep_migrate IDENTIFIED WITH sha256_password BY '…' SETTINGS PROFILE tlsrep;
-- The views insert with the rights of the user who made them: SELECT and INSERT are for that.
GRANT CREATE TABLE, CREATE VIEW, ALTER, SELECT, INSERT ON tlsrep.* TO tlsrep_migrate;
GRANT TABLE ENGINE ON MergeTree, TABLE ENGINE ON SummingMergeTree, TABLE ENGINE ON ReplacingMergeTree TO tlsrep_migrate;
GRANT SELECT ON system.databases, SELECT ON system.tables, SELECT ON system.columns TO tlsrep_migrate;

CREATE USER IF NOT EXISTS tlsrep IDENTIFIED WITH sha256_password BY '…' SETTINGS PROFILE tlsrep;
GRANT SELECT, INSERT ON tlsrep.* TO tlsrep;
-- A scorer that starts tidies up what it has to look through.
GRANT OPTIMIZE ON tlsrep.pending_ranges TO tlsrep;
GRANT SELECT ON system.databases, SELECT ON system.tables, SELECT ON system.columns TO tlsrep;
