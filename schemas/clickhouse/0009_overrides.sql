-- Every decision of an operator about a sender, withdrawals too: the audit trail, and in the embedded shape the store of the topic
-- tls.overrides. record is the encoded Override, byte for byte; the columns after it are its fields (schemas/avro/Override.avsc). A
-- tombstone (withdrawn) has an empty record. version orders what was written about one sender: the highest holds.
CREATE TABLE IF NOT EXISTS overrides
(
    sender String,
    version UInt64,
    tombstone Bool,
    record String,
    action LowCardinality(String),
    tier LowCardinality(Nullable(String)),
    until Nullable(DateTime64(3, 'UTC')),
    by String,
    why String,
    created_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (sender, version);
