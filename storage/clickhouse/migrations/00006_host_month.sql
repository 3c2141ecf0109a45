-- Visits per month and host: top destinations of a year. The days at its edges come from host_day.
CREATE TABLE IF NOT EXISTS host_month
(
    month Date CODEC(Delta, ZSTD(1)),
    host String CODEC(ZSTD(1)),
    server_id UInt32,
    visits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    users AggregateFunction(uniqCombined(12), String)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(month)
ORDER BY (month, host, server_id)
TTL month + INTERVAL 396 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
