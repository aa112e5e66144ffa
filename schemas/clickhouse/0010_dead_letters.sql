-- Lines and records that could not be used, and why: the columns are the fields of schemas/avro/DeadLetter.avsc. In the embedded shape
-- the store of the topic tls.deadletter. No byte of a line is here: the original stays where it was read.
CREATE TABLE IF NOT EXISTS dead_letters
(
    reason LowCardinality(String),
    stage LowCardinality(String),
    collector LowCardinality(String),
    source_name LowCardinality(String),
    source_offset Int64,
    length Int64,
    hash FixedString(16),
    shape String,
    detail String DEFAULT '',
    died_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(died_at)
ORDER BY (reason, died_at, hash)
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;
