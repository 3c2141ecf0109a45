-- Visits per hour and server: the timeline. Distinct users and hosts per hour are states, good to about 2 %.
CREATE TABLE IF NOT EXISTS hourly
(
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    server_id UInt32,
    visits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    users AggregateFunction(uniqCombined(12), String),
    hosts AggregateFunction(uniqCombined(12), String)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, server_id)
TTL hour + INTERVAL 365 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
