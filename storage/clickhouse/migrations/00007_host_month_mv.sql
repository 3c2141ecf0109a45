-- Fills host_month.
CREATE MATERIALIZED VIEW IF NOT EXISTS host_month_mv TO host_month AS
SELECT toStartOfMonth(hour) AS month, host, server_id, sum(visits) AS visits, uniqCombinedState(12)(email::String) AS users
FROM visits
GROUP BY month, host, server_id
