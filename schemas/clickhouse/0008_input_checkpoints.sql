-- The store of the topic tls.checkpoints in the embedded shape: the newest checkpoint of each input. record is the encoded Checkpoint,
-- byte for byte; the columns after it are some of its fields for reading. Read it with FINAL; the highest version of a key holds. A
-- tombstone (forgotten input) has an empty record.
CREATE TABLE IF NOT EXISTS input_checkpoints
(
    key String,
    version UInt64,
    tombstone Bool,
    record String,
    collector String,
    input String,
    source_name String,
    emitted_to Int64 DEFAULT 0,
    resume_from Int64 DEFAULT 0,
    updated_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY key
SETTINGS old_parts_lifetime = 60;
