-- Fills host_user.
CREATE MATERIALIZED VIEW IF NOT EXISTS host_user_mv TO host_user AS
SELECT toStartOfMonth(hour) AS month, host, user_id, email, server_id, sum(visits) AS visits,
    min(hour + first_seen) AS first_seen, max(hour + last_seen) AS last_seen
FROM visits
GROUP BY month, host, user_id, email, server_id
