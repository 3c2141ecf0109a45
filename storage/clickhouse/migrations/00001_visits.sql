-- Every visit, counted per hour. All reports begin here: the last hours and days, one user, one host.
-- Read with sum, min, max and GROUP BY, never with FINAL: merging adds the rows of one key up, some day.
CREATE TABLE IF NOT EXISTS visits
(
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    server_id UInt32,
    user_id UInt32,
    email LowCardinality(String),
    ip IPv6,
    host String CODEC(ZSTD(1)),
    visits SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    first_seen SimpleAggregateFunction(min, UInt16), -- seconds since hour: two bytes instead of four save a quarter of the table
    last_seen SimpleAggregateFunction(max, UInt16)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(hour) -- a period reads its days only, and a day goes as a whole
PRIMARY KEY (user_id, email, host) -- "what did this user visit" reads one range
ORDER BY (user_id, email, host, ip, server_id, hour)
TTL hour + INTERVAL 365 DAY DELETE
SETTINGS ttl_only_drop_parts = 1,
    non_replicated_deduplication_window = 1000 -- a batch that is sent again after a crash counts once
