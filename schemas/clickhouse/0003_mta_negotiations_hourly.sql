-- What our own MTAs negotiated, per hour: for shares, trends and blind spots. Every session counts, authenticated and loopback ones
-- too, under their flags. '' stands for null. Rows with equal keys are added up when parts merge, so every reader sums.
CREATE TABLE IF NOT EXISTS mta_negotiations_hourly
(
    hour DateTime('UTC'),
    collector LowCardinality(String),
    mta LowCardinality(String),
    host LowCardinality(String),
    service LowCardinality(String),
    listener LowCardinality(String),
    direction LowCardinality(String),
    outcome LowCardinality(String),
    fault LowCardinality(String),
    tls_version LowCardinality(String),
    cipher LowCardinality(String),
    key_exchange_group LowCardinality(String),
    failure_reason LowCardinality(String),
    authenticated UInt8,
    loopback UInt8,
    sessions UInt64,
    truncated_sessions UInt64,
    mails_attempted UInt64,
    mails_accepted UInt64,
    mails_rejected UInt64,
    mails_plaintext UInt64
)
ENGINE = SummingMergeTree((sessions, truncated_sessions, mails_attempted, mails_accepted, mails_rejected, mails_plaintext))
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, collector, mta, host, service, listener, direction, outcome, fault, tls_version, cipher, key_exchange_group, failure_reason, authenticated, loopback)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS mta_negotiations_hourly_from_events TO mta_negotiations_hourly AS
SELECT
    toStartOfHour(toDateTime(observed_at, 'UTC')) AS hour,
    collector,
    mta,
    host,
    service,
    coalesce(tls_events.listener, '') AS listener,
    direction,
    outcome,
    fault,
    coalesce(tls_events.tls_version, '') AS tls_version,
    coalesce(tls_events.cipher, '') AS cipher,
    coalesce(tls_events.key_exchange_group, '') AS key_exchange_group,
    coalesce(tls_events.failure_reason, '') AS failure_reason,
    toUInt8(coalesce(tls_events.authenticated, false)) AS authenticated,
    toUInt8(peer_ip = toIPv6('::1') OR (peer_ip >= toIPv6('::ffff:127.0.0.0') AND peer_ip <= toIPv6('::ffff:127.255.255.255'))) AS loopback,
    count() AS sessions,
    countIf(truncated) AS truncated_sessions,
    sum(toUInt64(greatest(coalesce(tls_events.mails_attempted, 0), 0))) AS mails_attempted,
    sum(toUInt64(greatest(coalesce(tls_events.mails_accepted, 0), 0))) AS mails_accepted,
    sum(toUInt64(greatest(coalesce(tls_events.mails_rejected, 0), 0))) AS mails_rejected,
    sum(toUInt64(greatest(coalesce(tls_events.mails_plaintext, 0), 0))) AS mails_plaintext
FROM tls_events
GROUP BY hour, collector, mta, host, service, listener, direction, outcome, fault, tls_version, cipher, key_exchange_group, failure_reason, authenticated, loopback;
