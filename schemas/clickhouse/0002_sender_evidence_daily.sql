-- Evidence: integers counted per sender and UTC day by event time, so that order of arrival cannot change them. Ungraded: what a
-- count weighs is the policy's business. Rows with equal keys are added up when parts merge, so every reader sums:
--   SELECT day, …, sum(sessions) … FROM sender_evidence_daily WHERE sender = … GROUP BY ALL
-- '' stands for null in listener, tls_version and cipher; downgrade '' is the sessions themselves, else the kind of the pair counted.
CREATE TABLE IF NOT EXISTS sender_evidence_daily
(
    sender String,
    day Date,
    direction LowCardinality(String),
    listener LowCardinality(String),
    outcome LowCardinality(String),
    fault LowCardinality(String),
    tls_version LowCardinality(String),
    cipher LowCardinality(String),
    downgrade LowCardinality(String),
    excused UInt8,
    sessions UInt64,
    mails_accepted UInt64,
    mails_rejected UInt64,
    mails_plaintext UInt64
)
ENGINE = SummingMergeTree((sessions, mails_accepted, mails_rejected, mails_plaintext))
PARTITION BY toYYYYMM(day)
ORDER BY (sender, day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;

-- Sessions that carried mail, from peers that are neither authenticated nor on the loopback. What is known only by absence, while the
-- host's log showed loss, is excused. Configured relays are not left out: that is policy.
CREATE MATERIALIZED VIEW IF NOT EXISTS sender_evidence_daily_from_events TO sender_evidence_daily AS
SELECT
    sender,
    toDate(observed_at) AS day,
    direction,
    coalesce(tls_events.listener, '') AS listener,
    outcome,
    fault,
    coalesce(tls_events.tls_version, '') AS tls_version,
    coalesce(tls_events.cipher, '') AS cipher,
    '' AS downgrade,
    toUInt8(proof = 'by_absence' AND log_loss) AS excused,
    count() AS sessions,
    sum(toUInt64(greatest(coalesce(tls_events.mails_accepted, 0), 0))) AS mails_accepted,
    sum(toUInt64(greatest(coalesce(tls_events.mails_rejected, 0), 0))) AS mails_rejected,
    sum(toUInt64(greatest(coalesce(tls_events.mails_plaintext, 0), 0))) AS mails_plaintext
FROM tls_events
WHERE coalesce(mails_attempted, 0) > 0
    AND NOT coalesce(authenticated, false)
    AND peer_ip != toIPv6('::1')
    AND NOT (peer_ip >= toIPv6('::ffff:127.0.0.0') AND peer_ip <= toIPv6('::ffff:127.255.255.255'))
GROUP BY sender, day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused;
