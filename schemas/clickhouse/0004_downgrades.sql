-- Facts about a pair of sessions: one row a plaintext session for which a failed handshake of the same sender was found within the
-- window, from whichever side it was found. downgrade_id is made from the plaintext session's event id, so that whoever finds the pair
-- again finds this row; sender, observed_at, direction, listener, host and peer_ip are the plaintext session's.
-- Not a replacing table: the view below counts a row when it is inserted, so a row must not be inserted twice.
CREATE TABLE IF NOT EXISTS downgrades
(
    downgrade_id FixedString(16),
    kind LowCardinality(String),
    sender String,
    observed_at DateTime64(3, 'UTC'),
    direction LowCardinality(String),
    listener LowCardinality(Nullable(String)),
    host LowCardinality(String),
    peer_ip IPv6,
    event_id FixedString(16),
    failed_event_id FixedString(16),
    failed_at DateTime64(3, 'UTC'),
    failure_reason LowCardinality(Nullable(String)),
    -- The plaintext session is excused (known by absence while the log showed loss): so is the pair.
    excused Bool DEFAULT false,
    found_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (sender, observed_at, downgrade_id)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS sender_evidence_daily_from_downgrades TO sender_evidence_daily AS
SELECT
    sender,
    toDate(observed_at) AS day,
    direction,
    coalesce(downgrades.listener, '') AS listener,
    'plaintext' AS outcome,
    'peer' AS fault,
    '' AS tls_version,
    '' AS cipher,
    kind AS downgrade,
    toUInt8(downgrades.excused) AS excused,
    count() AS sessions,
    toUInt64(0) AS mails_accepted,
    toUInt64(0) AS mails_rejected,
    toUInt64(0) AS mails_plaintext
FROM downgrades
GROUP BY sender, day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused;
