-- The questions that postmasters ask, one parameterised view each: SELECT * FROM tls_shares(since = '2026-11-01', until = '2026-12-01').
-- Days and times are UTC; `since` is included, `until` is not.

-- How are sessions and mails shared among no TLS and each version, per day, host and listener? Only sessions in which mail went in
-- clear or TLS came up: the others (probes, failures) have no version. Messages are those that were accepted.
CREATE VIEW IF NOT EXISTS tls_shares AS
SELECT
    toDate(hour) AS day,
    direction,
    host,
    listener,
    multiIf(outcome != 'negotiated', 'none', tls_version = '', 'not logged', tls_version) AS tls,
    sum(mta_negotiations_hourly.sessions) AS sessions,
    sum(mta_negotiations_hourly.mails_accepted) AS mails,
    round(100 * sessions / sum(sessions) OVER (PARTITION BY day, direction, host, listener), 2) AS sessions_percent,
    round(100 * mails / nullIf(sum(mails) OVER (PARTITION BY day, direction, host, listener), 0), 2) AS mails_percent
FROM mta_negotiations_hourly
WHERE outcome IN ('negotiated', 'plaintext', 'not_offered')
    AND NOT loopback
    AND hour >= toDateTime({since:Date}, 'UTC')
    AND hour < toDateTime({until:Date}, 'UTC')
GROUP BY day, direction, host, listener, tls
ORDER BY day, direction, host, listener, tls;

-- Who still sends or takes mail in clear or below TLS 1.2, how much, since when, and why? `why` is read off the sender's own sessions:
-- handshakes fail; it had TLS and left it; it never had any; its TLS is old.
CREATE VIEW IF NOT EXISTS weak_peers AS
SELECT
    direction,
    sender,
    argMax(peer_name, observed_at) AS name,
    argMax(sender_domain, observed_at) AS domain,
    countIf(outcome IN ('plaintext', 'not_offered')) AS in_clear,
    countIf(tls_version IN ('TLSv1_1', 'TLSv1_0', 'SSLv3', 'SSLv2')) AS deprecated,
    countIf(tls_version IN ('TLSv1_2', 'TLSv1_3')) AS current,
    sum(coalesce(mails_accepted, 0)) AS mails,
    sum(coalesce(mails_plaintext, 0)) AS mails_in_clear,
    minIf(observed_at, outcome IN ('plaintext', 'not_offered') OR deprecated_one) AS first_seen,
    maxIf(observed_at, outcome IN ('plaintext', 'not_offered') OR deprecated_one) AS last_seen,
    multiIf(
        in_clear = 0, 'old version',
        countIf(outcome = 'handshake_failed' AND fault IN ('peer', 'unknown')) > 0, 'handshake fails',
        current = 0 AND deprecated = 0, 'never TLS',
        maxIf(observed_at, outcome = 'negotiated') < maxIf(observed_at, outcome IN ('plaintext', 'not_offered')), 'withdrawn',
        'now and then') AS why
FROM
(
    SELECT *, coalesce(tls_version, '') IN ('TLSv1_1', 'TLSv1_0', 'SSLv3', 'SSLv2') AS deprecated_one
    FROM tls_events
    WHERE observed_at >= toDateTime64({since:Date}, 3, 'UTC') AND observed_at < toDateTime64({until:Date}, 3, 'UTC')
        AND NOT coalesce(authenticated, false)
        AND NOT (peer_ip = toIPv6('::1') OR (peer_ip >= toIPv6('::ffff:127.0.0.0') AND peer_ip <= toIPv6('::ffff:127.255.255.255')))
        -- Mail in clear to a listener of ours without STARTTLS, or after our own refusal of it, is our own doing.
        AND NOT (direction = 'inbound' AND (outcome = 'not_offered' OR (outcome = 'plaintext' AND fault != 'peer')))
)
GROUP BY direction, sender
HAVING in_clear + deprecated > 0
ORDER BY mails_in_clear DESC, in_clear + deprecated DESC, sender;

-- Who downgraded, how often, at how many of our hosts, and was it seen before?
CREATE VIEW IF NOT EXISTS downgrades_by_sender AS
SELECT
    sender,
    kind,
    countIf(recent) AS times,
    uniqExactIf(host, recent) AS hosts,
    minIf(observed_at, recent) AS first_at,
    maxIf(observed_at, recent) AS last_at,
    round(avgIf(dateDiff('second', failed_at, observed_at), recent)) AS mean_seconds_after_failure,
    arrayStringConcat(arraySort(groupUniqArrayIf(coalesce(failure_reason, ''), recent)), ' ') AS failure_reasons,
    countIf(NOT recent) AS times_before,
    if(times_before > 0, 'repeated', 'new') AS seen
FROM
(
    SELECT *, observed_at >= toDateTime64({since:Date}, 3, 'UTC') AS recent
    FROM downgrades
    WHERE observed_at < toDateTime64({until:Date}, 3, 'UTC')
)
GROUP BY sender, kind
HAVING times > 0
ORDER BY times DESC, sender;

-- What failed and why, and was it them or us? One row for each reason and peer.
CREATE VIEW IF NOT EXISTS tls_failures AS
SELECT
    direction,
    multiIf(fault IN ('local', 'our_floor'), 'ours', fault = 'peer', 'theirs', fault = 'path', 'path', 'not known') AS whose,
    failure_reason,
    sender,
    argMax(peer_name, observed_at) AS name,
    count() AS sessions,
    countIf(event_id IN (SELECT failed_event_id FROM downgrades)) AS then_in_clear,
    uniqExact(host) AS hosts,
    min(observed_at) AS first_at,
    max(observed_at) AS last_at,
    argMax(error_text, observed_at) AS last_words
FROM tls_events
WHERE failure_reason IS NOT NULL
    AND observed_at >= toDateTime64({since:Date}, 3, 'UTC')
    AND observed_at < toDateTime64({until:Date}, 3, 'UTC')
GROUP BY direction, whose, failure_reason, sender
ORDER BY sessions DESC, direction, failure_reason, sender;

-- What counts for and against one sender, day by day: the rows that its score is made of.
CREATE VIEW IF NOT EXISTS sender_timeline AS
SELECT
    day,
    direction,
    listener,
    outcome,
    fault,
    tls_version,
    cipher,
    downgrade,
    CAST(excused = 1, 'Bool') AS is_excused,
    sum(sender_evidence_daily.sessions) AS sessions,
    sum(sender_evidence_daily.mails_accepted) AS mails_accepted,
    sum(sender_evidence_daily.mails_rejected) AS mails_rejected,
    sum(sender_evidence_daily.mails_plaintext) AS mails_in_clear
FROM sender_evidence_daily
WHERE sender = {sender:String}
    AND day >= {since:Date}
    AND day < {until:Date}
GROUP BY day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused
ORDER BY day, direction, listener, outcome, fault, tls_version, cipher, downgrade, excused;
