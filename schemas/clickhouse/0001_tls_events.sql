-- One row a session: the columns are the fields of schemas/avro/TlsNegotiation.avsc, which documents them; a test holds the two
-- together. Records come in as they are, in an Avro container. Enums are LowCardinality(String), so that a new symbol cannot fail an
-- insert; a DEFAULT equals the Avro default.
-- The deduplication window makes a repeated insert with the same token a no-op, here and in the views' targets.
-- Retention is no part of the table: see setRetention.
CREATE TABLE IF NOT EXISTS tls_events
(
    event_id FixedString(16),
    observed_at DateTime64(3, 'UTC'),
    ended_at DateTime64(3, 'UTC'),
    collector LowCardinality(String),
    mta LowCardinality(String),
    host LowCardinality(String),
    service LowCardinality(String),
    listener LowCardinality(Nullable(String)) DEFAULT NULL,
    direction LowCardinality(String),
    session_key String,
    peer_ip IPv6,
    peer_port Nullable(Int32) DEFAULT NULL,
    sender String,
    peer_name Nullable(String) DEFAULT NULL,
    helo Nullable(String) DEFAULT NULL,
    sender_domain Nullable(String) DEFAULT NULL,
    queue_ids Array(String) DEFAULT [],
    outcome LowCardinality(String),
    proof LowCardinality(String),
    truncated Bool,
    log_loss Bool DEFAULT false,
    tls_version LowCardinality(Nullable(String)) DEFAULT NULL,
    cipher_code Nullable(Int32) DEFAULT NULL,
    cipher LowCardinality(Nullable(String)) DEFAULT NULL,
    cipher_raw LowCardinality(Nullable(String)) DEFAULT NULL,
    secret_bits Nullable(Int32) DEFAULT NULL,
    key_exchange_group LowCardinality(Nullable(String)) DEFAULT NULL,
    server_signature LowCardinality(Nullable(String)) DEFAULT NULL,
    forward_secrecy Nullable(Bool) DEFAULT NULL,
    aead Nullable(Bool) DEFAULT NULL,
    post_quantum Nullable(Bool) DEFAULT NULL,
    resumed Nullable(Bool) DEFAULT NULL,
    peer_certificate LowCardinality(Nullable(String)) DEFAULT NULL,
    peer_certificate_fingerprint Nullable(String) DEFAULT NULL,
    sni Nullable(String) DEFAULT NULL,
    authenticated Nullable(Bool) DEFAULT NULL,
    starttls_offered Nullable(Bool) DEFAULT NULL,
    starttls_used Nullable(Bool) DEFAULT NULL,
    implicit_tls Nullable(Bool) DEFAULT NULL,
    mails_attempted Nullable(Int32) DEFAULT NULL,
    mails_accepted Nullable(Int32) DEFAULT NULL,
    mails_rejected Nullable(Int32) DEFAULT NULL,
    mails_plaintext Nullable(Int32) DEFAULT NULL,
    failure_reason LowCardinality(Nullable(String)) DEFAULT NULL,
    error_text Nullable(String) DEFAULT NULL,
    fault LowCardinality(String),
    tls_policy LowCardinality(Nullable(String)) DEFAULT NULL,
    source_name LowCardinality(String),
    source_offset Int64,
    source_end Int64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (sender, observed_at, event_id)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;
