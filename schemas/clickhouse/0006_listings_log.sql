-- Every version of every listing, in the embedded shape also the store of the topic tls.listings: record is the encoded Listing, byte
-- for byte, the columns after it are its fields (schemas/avro/Listing.avsc) for reading. A tombstone (delisted) has an empty record.
-- version orders what was written about one sender, across restarts: the highest holds. Inserting a row again changes nothing.
CREATE TABLE IF NOT EXISTS listings_log
(
    sender String,
    version UInt64,
    tombstone Bool,
    record String,
    tier LowCardinality(String) DEFAULT 'clean',
    listed_at Nullable(DateTime64(3, 'UTC')),
    updated_at DateTime64(3, 'UTC') DEFAULT now64(3),
    expires_at Nullable(DateTime64(3, 'UTC')),
    review_at Nullable(DateTime64(3, 'UTC')),
    sequence Int64 DEFAULT 0,
    reasons Array(LowCardinality(String)),
    lower_bound Float64 DEFAULT 0,
    upper_bound Float64 DEFAULT 0,
    effective_sessions Float64 DEFAULT 0,
    explanation String,
    remedy String,
    sample_event_ids Array(FixedString(16)),
    first_evidence_day Nullable(Date32),
    last_evidence_day Nullable(Date32),
    policy_hash LowCardinality(String),
    scored_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree
ORDER BY (sender, version);
