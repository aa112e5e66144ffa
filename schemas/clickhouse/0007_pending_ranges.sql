-- What was begun and is not known to be finished: written before the insert that it names, done only after insert, pairs, re-scoring and
-- publication. After a crash every range that is not done is run again with the same token.
-- payload (embedded shape) is the Avro container to insert again; the row that says done has none, and replaces this one when parts
-- merge. Whatever the order of merging, done beats pending:
--   SELECT … FROM pending_ranges FINAL WHERE state = 'pending' ORDER BY created_at
CREATE TABLE IF NOT EXISTS pending_ranges
(
    token String,
    kind LowCardinality(String),
    state LowCardinality(String),
    -- Read once, after a crash; compressing it would cost each batch more than the room it saves until it is done.
    payload String CODEC(NONE),
    created_at DateTime64(3, 'UTC') DEFAULT now64(3),
    done UInt8 MATERIALIZED state = 'done'
)
ENGINE = ReplacingMergeTree(done)
ORDER BY token
TTL toDateTime(created_at) + INTERVAL 7 DAY DELETE WHERE state = 'done'
SETTINGS old_parts_lifetime = 60;
