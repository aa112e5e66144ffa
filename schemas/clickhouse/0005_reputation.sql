-- The last score of each sender that was scored. A convenience for people and queries: the truth is score(evidence, policy, now).
-- Read it with FINAL; of two rows of a sender the one scored later holds.
CREATE TABLE IF NOT EXISTS reputation
(
    sender String,
    tier LowCardinality(String),
    lower_bound Float64,
    upper_bound Float64,
    effective_sessions Float64,
    reasons Array(LowCardinality(String)),
    review_at Nullable(DateTime64(3, 'UTC')),
    policy_hash LowCardinality(String),
    scored_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(scored_at)
ORDER BY sender;
