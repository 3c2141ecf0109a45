-- Visits per day and host: top destinations of up to 30 days. Pick the hosts by sum(visits) first, merge states for those only.
CREATE TABLE IF NOT EXISTS host_day
(
    day Date CODEC(Delta, ZSTD(1)),
    host String CODEC(ZSTD(1)),
    server_id UInt32,
    visits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    users AggregateFunction(uniqCombined(12), String)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, host, server_id)
TTL day + INTERVAL 365 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
