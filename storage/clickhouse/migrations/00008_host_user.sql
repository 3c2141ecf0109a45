-- Visits per month, host and user: "who visits this host" over more than a few days.
CREATE TABLE IF NOT EXISTS host_user
(
    month Date CODEC(Delta, ZSTD(1)),
    host String CODEC(ZSTD(1)),
    user_id UInt32,
    email LowCardinality(String),
    server_id UInt32,
    visits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    first_seen SimpleAggregateFunction(min, DateTime('UTC')),
    last_seen SimpleAggregateFunction(max, DateTime('UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(month)
ORDER BY (host, month, user_id, email, server_id)
TTL month + INTERVAL 396 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
