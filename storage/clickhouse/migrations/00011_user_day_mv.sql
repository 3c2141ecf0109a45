-- Fills user_day.
CREATE MATERIALIZED VIEW IF NOT EXISTS user_day_mv TO user_day AS
SELECT toDate(hour) AS day, user_id, email, server_id, sum(visits) AS visits,
    uniqCombinedState(12)(host) AS hosts, uniqCombinedState(12)(ip) AS ips
FROM visits
GROUP BY day, user_id, email, server_id
