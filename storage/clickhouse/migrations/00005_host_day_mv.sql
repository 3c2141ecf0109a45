-- Fills host_day.
CREATE MATERIALIZED VIEW IF NOT EXISTS host_day_mv TO host_day AS
SELECT toDate(hour) AS day, host, server_id, sum(visits) AS visits, uniqCombinedState(12)(email::String) AS users
FROM visits
GROUP BY day, host, server_id
