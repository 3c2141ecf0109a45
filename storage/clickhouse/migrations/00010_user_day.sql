-- Visits per day and user: top users, and how many hosts and addresses each has. Counts above a day merge the states.
CREATE TABLE IF NOT EXISTS user_day
(
    day Date CODEC(Delta, ZSTD(1)),
    user_id UInt32,
    email LowCardinality(String),
    server_id UInt32,
    visits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    hosts AggregateFunction(uniqCombined(12), String),
    ips AggregateFunction(uniqCombined(12), IPv6)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, user_id, email, server_id)
TTL day + INTERVAL 365 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
