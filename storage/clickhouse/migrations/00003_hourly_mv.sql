-- Fills hourly. A new view sees what is inserted after it; on an empty table that is everything.
CREATE MATERIALIZED VIEW IF NOT EXISTS hourly_mv TO hourly AS
SELECT hour, server_id, sum(visits) AS visits, uniqCombinedState(12)(email::String) AS users, uniqCombinedState(12)(host) AS hosts
FROM visits
GROUP BY hour, server_id
