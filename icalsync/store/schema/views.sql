-- The public views (design.md section 4). They filter and look up what the core decided, and decide nothing about time or busyness (R15).
-- Titles never pass (R18). 'infinity' is never shown. TIMESTAMPTZ everywhere is an instant.

-- The moment itself, or an error: NULL, or before anything is kept (R16). A scalar subquery, so that count(*) cannot do without it.
CREATE OR REPLACE MACRO _kept.asked_moment(t) AS (
    SELECT CASE WHEN t IS NULL OR t::TIMESTAMPTZ < retention_limit
                THEN error('BEFORE_RETENTION: nothing is kept from before ' || retention_limit::VARCHAR)::TIMESTAMPTZ
                ELSE t::TIMESTAMPTZ END
    FROM _kept.meta
);

-- The same without the check, for what stands beside it; NULL would let the planner drop the check with its rows.
CREATE OR REPLACE MACRO _kept.moment_of(t) AS coalesce(t::TIMESTAMPTZ, '-infinity'::TIMESTAMPTZ);

-- What a person means by a moment: at or after the last reading of the clock it is the present, though a clock that was ahead may have
-- written instants that lie beyond it.
CREATE OR REPLACE MACRO _kept.meant(t) AS (
    SELECT CASE WHEN t::TIMESTAMPTZ >= coalesce(clock_at, last_at) THEN '9999-12-31 00:00:00+00'::TIMESTAMPTZ ELSE t::TIMESTAMPTZ END
    FROM _kept.instant
);

CREATE OR REPLACE VIEW sub_accounts AS
SELECT s.sub_account, v.name, v.time_zone
FROM _kept.sub_account s JOIN _kept.sub_account_version v ON v.sub_account_key = s.sub_account_key AND v.known_to = 'infinity';

CREATE OR REPLACE VIEW users AS
SELECT u.sub_account, u.user_id, v.name, v.email, coalesce(v.time_zone, s.time_zone) AS time_zone, v.person
FROM _kept.account_user u
JOIN _kept.user_version v ON v.user_key = u.user_key AND v.known_to = 'infinity'
JOIN _kept.sub_account_version s ON s.sub_account_key = u.sub_account_key AND s.known_to = 'infinity';

-- Integrations that serve somebody; what was disconnected is kept, and no longer shown.
CREATE OR REPLACE VIEW _kept.serving AS SELECT DISTINCT integration_key FROM _kept.connection_version WHERE known_to = 'infinity';

CREATE OR REPLACE VIEW integrations AS
SELECT i.integration_id, i.provider, l.account AS account_name, s.status, s.reason AS status_reason, f.last_success_at,
    coalesce(a.failures, 0) AS failures, a.next_try_at
FROM _kept.integration i
SEMI JOIN _kept.serving g ON g.integration_key = i.integration_key
JOIN _kept.integration_login l ON l.integration_key = i.integration_key
JOIN _kept.integration_status_version s ON s.integration_key = i.integration_key AND s.known_to = 'infinity'
LEFT JOIN _kept.integration_freshness f ON f.integration_key = i.integration_key
LEFT JOIN _kept.account_standing a ON a.integration_key = i.integration_key;

CREATE OR REPLACE VIEW connections AS
SELECT u.sub_account, u.user_id, i.integration_id, c.connected_at, c.remote_change_policy
FROM _kept.connection_version c JOIN _kept.account_user u USING (user_key) JOIN _kept.integration i USING (integration_key)
WHERE c.known_to = 'infinity';

CREATE OR REPLACE VIEW calendars AS
SELECT c.calendar_id, i.integration_id, v.display_name, v.color, v.href, v.access, v.not_selectable_reason IS NULL AS selectable,
    v.not_selectable_reason, coalesce(o.objects, 0) AS objects, f.last_synced_at
FROM _kept.calendar c
SEMI JOIN _kept.serving g ON g.integration_key = c.integration_key
JOIN _kept.integration i ON i.integration_key = c.integration_key
JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_to = 'infinity'
LEFT JOIN _kept.calendar_freshness f ON f.calendar_key = c.calendar_key
LEFT JOIN (SELECT calendar_key, count(*) AS objects FROM _kept.object_version WHERE known_to = 'infinity' AND kind <> 'skipped' GROUP BY ALL) o
    ON o.calendar_key = c.calendar_key;

CREATE OR REPLACE VIEW calendar_roles AS
SELECT u.sub_account, u.user_id, c.calendar_id, r.role
FROM _kept.calendar_role_version r JOIN _kept.account_user u USING (user_key) JOIN _kept.calendar c USING (calendar_key)
WHERE r.known_to = 'infinity';

CREATE OR REPLACE VIEW policies AS
SELECT s.sub_account, u.user_id,
    max(e.value) FILTER (e.name = 'unanswered') AS unanswered, max(e.source) FILTER (e.name = 'unanswered') AS unanswered_from,
    max(e.value) FILTER (e.name = 'tentative') AS tentative, max(e.source) FILTER (e.name = 'tentative') AS tentative_from,
    max(e.value) FILTER (e.name = 'travel') AS travel, max(e.source) FILTER (e.name = 'travel') AS travel_from,
    max(e.value) FILTER (e.name = 'all_day') AS all_day, max(e.source) FILTER (e.name = 'all_day') AS all_day_from,
    max(e.value) FILTER (e.name = 'unknown') AS "unknown", max(e.source) FILTER (e.name = 'unknown') AS unknown_from,
    max(e.value) FILTER (e.name = 'push_detail') AS push_detail, max(e.source) FILTER (e.name = 'push_detail') AS push_detail_from
FROM _kept.effective_setting e
JOIN _kept.sub_account s USING (sub_account_key)
LEFT JOIN _kept.account_user u ON u.user_key = e.user_key
WHERE e.kind = 'policy' AND e.known_to = 'infinity'
GROUP BY s.sub_account, u.user_id;

CREATE OR REPLACE VIEW opening_hours AS
SELECT s.sub_account, u.user_id,
    max(e.value) FILTER (e.name = 'weekly') AS weekly, max(e.source) FILTER (e.name = 'weekly') AS weekly_from,
    max(e.value) FILTER (e.name = 'buffer_before') AS buffer_before, max(e.source) FILTER (e.name = 'buffer_before') AS buffer_before_from,
    max(e.value) FILTER (e.name = 'buffer_after') AS buffer_after, max(e.source) FILTER (e.name = 'buffer_after') AS buffer_after_from,
    max(e.value) FILTER (e.name = 'slot_length') AS slot_length, max(e.source) FILTER (e.name = 'slot_length') AS slot_length_from,
    max(e.value) FILTER (e.name = 'slot_step') AS slot_step, max(e.source) FILTER (e.name = 'slot_step') AS slot_step_from,
    max(e.value) FILTER (e.name = 'notice') AS notice, max(e.source) FILTER (e.name = 'notice') AS notice_from,
    max(e.value) FILTER (e.name = 'horizon') AS horizon, max(e.source) FILTER (e.name = 'horizon') AS horizon_from,
    max(e.value) FILTER (e.name = 'daily_limit') AS daily_limit, max(e.source) FILTER (e.name = 'daily_limit') AS daily_limit_from,
    max(e.value) FILTER (e.name = 'exceptions') AS exceptions, max(e.source) FILTER (e.name = 'exceptions') AS exceptions_from
FROM _kept.effective_setting e
JOIN _kept.sub_account s USING (sub_account_key)
LEFT JOIN _kept.account_user u ON u.user_key = e.user_key
WHERE e.kind = 'hours' AND e.known_to = 'infinity'
GROUP BY s.sub_account, u.user_id;

-- What titles stand in is internal, and so is the plain form of the views that show them masked: it is for revealing them (R18).
CREATE OR REPLACE VIEW _kept.events AS
SELECT c.calendar_id, v.href, v.uid, e.recurrence_id, e.summary,
    e.starts_at, e.ends_at, e.starts_local, e.ends_local, e.timing = 'date' AS all_day, e.time_zone, e.status, e.transparency,
    coalesce(p.participation, 'NONE') AS participation, e.rrule, v.etag,
    CASE WHEN v.own_user_key IS NULL THEN 'external' ELSE 'system' END AS origin, v.known_from
FROM _kept.object_version v
JOIN _kept.calendar c ON c.calendar_key = v.calendar_key
SEMI JOIN _kept.serving g ON g.integration_key = c.integration_key
JOIN _kept.event e ON e.version_key = v.version_key
LEFT JOIN _kept.address_set_version a ON a.integration_key = c.integration_key AND a.known_to = 'infinity'
LEFT JOIN _kept.event_participation p
    ON p.version_key = e.version_key AND p.component = e.component AND p.address_set_key = a.address_set_key
WHERE v.known_to = 'infinity';

CREATE OR REPLACE VIEW events AS SELECT * REPLACE (CASE WHEN summary = '' THEN '' ELSE '•••' END AS summary) FROM _kept.events;

CREATE OR REPLACE VIEW occurrences AS
SELECT u.sub_account, u.user_id, c.calendar_id, v.href, v.uid, o.recurrence_id, o.starts_at, o.ends_at, f.all_day,
    CASE WHEN f.all_day AND NOT f.travel THEN o.starts_local::DATE END AS starts_on,
    CASE WHEN f.all_day AND NOT f.travel THEN o.ends_local::DATE END AS ends_on,
    d.busyness, CASE WHEN v.drifted AND v.own_user_key = r.user_key THEN 'DRIFT' ELSE d.reason END AS reason, v.known_from
FROM _kept.calendar_reading r
JOIN _kept.account_user u USING (user_key)
JOIN _kept.calendar c USING (calendar_key)
JOIN _kept.object_version v ON v.calendar_key = r.calendar_key
JOIN _kept.occurrence o ON o.calendar_key = v.calendar_key AND o.version_key = v.version_key
JOIN _kept.facts f ON f.facts_key = o.facts_key
JOIN _kept.verdict d ON d.facts_key = o.facts_key AND d.policy_key = r.policy_key AND d.own = (coalesce(v.own_user_key, 0) = r.user_key)
WHERE r.known_to = 'infinity' AND v.known_to = 'infinity'
    AND (o.zone IS NULL OR o.zone = r.time_zone) AND (o.address_set_key IS NULL OR o.address_set_key = r.address_set_key);

-- How far each appointment is written: the state of its oldest open intent, else what the last one led to.
CREATE OR REPLACE VIEW _kept.push_state AS
SELECT q.appointment_id,
    CASE WHEN q.head IS NOT NULL THEN q.head WHEN q.last = 'failed' THEN 'failed' WHEN o.state = 'present' THEN 'pushed' ELSE 'removed' END AS push_state
FROM (
    SELECT appointment_id, arg_min(state, number) FILTER (state NOT IN ('done', 'failed')) AS head, arg_max(state, number) AS last
    FROM _kept.outbox GROUP BY appointment_id
) q
LEFT JOIN _kept.own_object o ON o.appointment_id = q.appointment_id AND o.live;

CREATE OR REPLACE VIEW _kept.appointments AS
SELECT a.appointment_id, u.sub_account, u.user_id, a.starts_at, a.ends_at, a.title,
    a.status, p.push_state, c.calendar_id, a.href, a.booked_at, a.cancelled_at, a.moved_from, a.forced, a.uncertain, a.changed_by
FROM _kept.appointment_version a JOIN _kept.account_user u USING (user_key) LEFT JOIN _kept.calendar c ON c.calendar_key = a.calendar_key
LEFT JOIN _kept.push_state p ON p.appointment_id = a.appointment_id
WHERE a.known_to = 'infinity';

CREATE OR REPLACE VIEW appointments AS SELECT * REPLACE (CASE WHEN title = '' THEN '' ELSE '•••' END AS title) FROM _kept.appointments;

CREATE OR REPLACE VIEW _kept.blocked_slots AS
SELECT b.blocked_slot_id, u.sub_account, u.user_id, b.starts_at, b.ends_at, b.note
FROM _kept.blocked_slot_version b JOIN _kept.account_user u USING (user_key)
WHERE b.known_to = 'infinity';

CREATE OR REPLACE VIEW blocked_slots AS
SELECT * REPLACE (CASE WHEN note = '' THEN '' WHEN note IS NOT NULL THEN '•••' END AS note) FROM _kept.blocked_slots;

CREATE OR REPLACE VIEW contacts AS
SELECT c.contact_id, s.sub_account, c.name, c.email FROM _kept.contact c JOIN _kept.sub_account s USING (sub_account_key);

-- The state of each calendar with a role, for each user, as known at t; "moment" is what staleness is measured against.
-- A throttled account is believed for as long as its calendars are not stale. A pull later than the moment is of unknown age: stale.
CREATE OR REPLACE MACRO _kept.coverage_rows(t, moment) AS TABLE
SELECT y.*, y.state = 'ok' AS complete,
    CASE WHEN y.covered THEN y.horizon_from END AS covered_from, CASE WHEN y.covered THEN y.horizon_to END AS covered_to
FROM (
    SELECT x.user_key, x.calendar_key, x.blocks, x.calendar_id, x.as_of, x.horizon_from, x.horizon_to, x.known_from,
        CASE WHEN x.pulled <> 'ok' THEN x.pulled
             WHEN x.trouble IS NOT NULL THEN 'failing'
             WHEN x.unplaced IS NOT NULL THEN 'unreadable'
             WHEN x.stale THEN 'stale'
             ELSE 'ok' END AS state,
        CASE WHEN x.pulled = 'never_pulled' THEN 'NEVER_PULLED'
             WHEN x.pulled <> 'ok' THEN coalesce(x.pulled_reason, upper(x.pulled))
             WHEN x.trouble IS NOT NULL THEN upper(x.trouble)
             WHEN x.unplaced IS NOT NULL THEN x.unplaced
             WHEN x.stale THEN 'STALE' END AS reason,
        x.pulled = 'ok' AND x.trouble IS NULL AND x.unplaced IS NULL AND x.horizon_from IS NOT NULL AS covered
    FROM (
        SELECT w.*, CASE WHEN w.status IN ('reauthentication_needed', 'unreachable', 'failing') OR (w.status = 'throttled' AND w.stale) THEN w.status END AS trouble
        FROM (
            SELECT r.user_key, r.calendar_key, r.blocks, c.calendar_id, f.as_of, m.horizon_from, m.horizon_to,
                greatest(r.known_from, coalesce(s.known_from, r.known_from)) AS known_from,
                coalesce(s.state, 'never_pulled') AS pulled, s.reason AS pulled_reason, i.status, q.reason AS unplaced,
                f.as_of IS NULL OR f.as_of < moment::TIMESTAMPTZ - m.stale_after OR f.as_of > moment::TIMESTAMPTZ + m.stale_after AS stale
            FROM _kept.calendar_reading r
            JOIN _kept.calendar c USING (calendar_key)
            CROSS JOIN _kept.meta m
            LEFT JOIN _kept.calendar_state_version s
                ON s.calendar_key = r.calendar_key AND s.known_from <= _kept.moment_of(t) AND s.known_to > _kept.moment_of(t)
            LEFT JOIN _kept.integration_status_version i
                ON i.integration_key = c.integration_key AND i.known_from <= _kept.moment_of(t) AND i.known_to > _kept.moment_of(t)
            LEFT JOIN (
                SELECT calendar_key, min(rejected_reason) AS reason FROM _kept.object_version
                WHERE unplaced AND known_from <= _kept.moment_of(t) AND known_to > _kept.moment_of(t) GROUP BY ALL
            ) q ON q.calendar_key = r.calendar_key
            LEFT JOIN (
                -- For a past moment, the last run before it that found this calendar clean and up to date tells how fresh it was.
                SELECT h.calendar_key, CASE WHEN _kept.moment_of(t) >= '9999-01-01 00:00:00+00'::TIMESTAMPTZ THEN h.last_synced_at ELSE n.ended_at END AS as_of
                FROM _kept.calendar_freshness h
                LEFT JOIN (
                    SELECT calendar_key, max(ended_at) AS ended_at FROM (
                        SELECT unnest(fresh) AS calendar_key, ended_at FROM _kept.sync_run
                        WHERE ended_at <= _kept.moment_of(t) AND _kept.moment_of(t) < '9999-01-01 00:00:00+00'::TIMESTAMPTZ
                    ) GROUP BY calendar_key
                ) n ON n.calendar_key = h.calendar_key
            ) f ON f.calendar_key = r.calendar_key
            WHERE (r.blocks OR r.linked) AND r.known_from <= _kept.moment_of(t) AND r.known_to > _kept.moment_of(t)
        ) w
    ) x
) y;

CREATE OR REPLACE VIEW coverage AS
SELECT u.sub_account, u.user_id, c.calendar_id, c.complete, c.state, c.reason, c.as_of, c.covered_from, c.covered_to
FROM _kept.coverage_rows('9999-12-31 00:00:00+00', now()) c JOIN _kept.account_user u USING (user_key);

-- What takes a user's availability, as known at t, by kind; never FREE. Each kind is a macro of its own, because they are put together in
-- two ways: by key for the library, and by name for the views, where a condition on a name must reach every kind's scans. "asked" is t once
-- more, in busy_as_of with the check of R16 in it; elsewhere t is checked before, and the planner is spared it.
CREATE OR REPLACE MACRO _kept.external_rows(t, asked) AS TABLE
SELECT r.user_key, r.calendar_key, o.starts_at, o.ends_at, 'external' AS source,
    CASE WHEN v.own_user_key = r.user_key THEN 'DRIFT' ELSE d.reason END AS reason,
    CASE WHEN v.own_user_key = r.user_key THEN 'BUSY' ELSE d.busyness END AS busyness,
    v.href, v.uid, o.recurrence_id, CASE WHEN v.own_user_key = r.user_key THEN v.appointment_id END AS ref, v.known_from
FROM _kept.calendar_reading r
JOIN _kept.object_version v ON v.calendar_key = r.calendar_key
JOIN _kept.occurrence o ON o.calendar_key = v.calendar_key AND o.version_key = v.version_key
JOIN _kept.verdict d ON d.facts_key = o.facts_key AND d.policy_key = r.policy_key AND NOT d.own
WHERE (r.blocks OR v.own_user_key = r.user_key)   -- our own event, changed, blocks wherever it was dragged (R11)
    AND (o.zone IS NULL OR o.zone = r.time_zone) AND (o.address_set_key IS NULL OR o.address_set_key = r.address_set_key)
    AND o.starts_at < o.ends_at AND d.busyness <> 'FREE'
    AND (v.own_user_key IS NULL OR v.own_user_key <> r.user_key OR v.drifted)
    AND r.known_from <= asked AND r.known_to > _kept.moment_of(t) AND v.known_from <= _kept.moment_of(t) AND v.known_to > _kept.moment_of(t);

-- An own appointment is its own row, not the event it was pushed as.
CREATE OR REPLACE MACRO _kept.appointment_rows(t, asked) AS TABLE
SELECT a.user_key, a.calendar_key, a.starts_at, a.ends_at, 'appointment' AS source, 'OWN_APPOINTMENT' AS reason, 'BUSY' AS busyness,
    a.href, NULL::VARCHAR AS uid, NULL::VARCHAR AS recurrence_id, a.appointment_id AS ref, a.booked_at AS known_from
FROM _kept.appointment_version a
WHERE a.status <> 'cancelled' AND a.starts_at < a.ends_at
    AND a.known_from <= asked AND a.known_to > _kept.moment_of(t);

CREATE OR REPLACE MACRO _kept.blocked_rows(t, asked) AS TABLE
SELECT b.user_key, NULL::INTEGER AS calendar_key, b.starts_at, b.ends_at, 'blocked_slot' AS source, 'BLOCKED_SLOT' AS reason, 'BUSY' AS busyness,
    NULL::VARCHAR AS href, NULL::VARCHAR AS uid, NULL::VARCHAR AS recurrence_id, b.blocked_slot_id AS ref, b.known_from
FROM _kept.blocked_slot_version b
WHERE b.starts_at < b.ends_at AND b.known_from <= asked AND b.known_to > _kept.moment_of(t);

-- The stretches that a calendar is not covered over; 1900 and 2200 stand for always.
CREATE OR REPLACE MACRO _kept.gaps_of(covered_from, covered_to) AS list_filter([
    {'starts_at': '1900-01-01 00:00:00+00'::TIMESTAMPTZ, 'ends_at': coalesce(covered_from, '2200-01-01 00:00:00+00'::TIMESTAMPTZ)},
    {'starts_at': covered_to, 'ends_at': '2200-01-01 00:00:00+00'::TIMESTAMPTZ}
], lambda gap: gap.starts_at < gap.ends_at);

CREATE OR REPLACE MACRO _kept.uncovered_rows(t, moment, asked) AS TABLE
SELECT g.user_key, g.calendar_key, g.gap.starts_at AS starts_at, g.gap.ends_at AS ends_at, 'coverage' AS source, 'NOT_COVERED' AS reason, 'UNKNOWN' AS busyness,
    NULL::VARCHAR AS href, NULL::VARCHAR AS uid, NULL::VARCHAR AS recurrence_id, NULL::VARCHAR AS ref, g.known_from
FROM (
    SELECT x.user_key, x.calendar_key, x.known_from, unnest(_kept.gaps_of(x.covered_from, x.covered_to)) AS gap
    FROM _kept.coverage_rows(t, moment) x WHERE x.blocks
) g
WHERE g.known_from <= asked;

-- All of it by keys; a question about everybody reads no names. First what is known, without what is not covered.
CREATE OR REPLACE MACRO _kept.known_rows(t) AS TABLE
FROM _kept.external_rows(t, _kept.moment_of(t))
UNION ALL FROM _kept.appointment_rows(t, _kept.moment_of(t))
UNION ALL FROM _kept.blocked_rows(t, _kept.moment_of(t));

CREATE OR REPLACE MACRO _kept.taken_rows(t, moment) AS TABLE
FROM _kept.known_rows(t) UNION ALL FROM _kept.uncovered_rows(t, moment, _kept.moment_of(t));

CREATE OR REPLACE MACRO _kept.busy_rows(t, moment) AS TABLE
SELECT b.user_key, b.starts_at, b.ends_at, b.source, b.reason, b.busyness, c.calendar_id, b.href, b.uid, b.recurrence_id, b.ref, b.known_from
FROM _kept.taken_rows(t, moment) b LEFT JOIN _kept.calendar c ON c.calendar_key = b.calendar_key;

-- The same where nothing that is not covered matters, which is looked at first: planning the coverage is a third of a question's time.
CREATE OR REPLACE MACRO _kept.known_busy_rows(t) AS TABLE
SELECT b.user_key, b.starts_at, b.ends_at, b.source, b.reason, b.busyness, c.calendar_id, b.href, b.uid, b.recurrence_id, b.ref, b.known_from
FROM _kept.known_rows(t) b LEFT JOIN _kept.calendar c ON c.calendar_key = b.calendar_key;

CREATE OR REPLACE MACRO _kept.busy_by_name(t, moment, asked) AS TABLE
SELECT u.sub_account, u.user_id, b.starts_at, b.ends_at, b.source, b.reason, b.busyness, c.calendar_id, b.href, b.uid, b.recurrence_id, b.ref
FROM _kept.account_user u JOIN _kept.external_rows(t, asked) b USING (user_key) JOIN _kept.calendar c ON c.calendar_key = b.calendar_key
UNION ALL
SELECT u.sub_account, u.user_id, b.starts_at, b.ends_at, b.source, b.reason, b.busyness, c.calendar_id, b.href, b.uid, b.recurrence_id, b.ref
FROM _kept.account_user u JOIN _kept.appointment_rows(t, asked) b USING (user_key) LEFT JOIN _kept.calendar c ON c.calendar_key = b.calendar_key
UNION ALL
SELECT u.sub_account, u.user_id, b.starts_at, b.ends_at, b.source, b.reason, b.busyness, NULL, b.href, b.uid, b.recurrence_id, b.ref
FROM _kept.account_user u JOIN _kept.blocked_rows(t, asked) b USING (user_key)
UNION ALL
SELECT u.sub_account, u.user_id, b.starts_at, b.ends_at, b.source, b.reason, b.busyness, c.calendar_id, b.href, b.uid, b.recurrence_id, b.ref
FROM _kept.account_user u JOIN _kept.uncovered_rows(t, moment, asked) b USING (user_key) JOIN _kept.calendar c ON c.calendar_key = b.calendar_key;

CREATE OR REPLACE MACRO busy_as_of(t) AS TABLE FROM _kept.busy_by_name(_kept.meant(t), least(_kept.moment_of(t), now()), _kept.asked_moment(_kept.meant(t)));

CREATE OR REPLACE VIEW busy AS FROM _kept.busy_by_name('9999-12-31 00:00:00+00', now(), TIMESTAMPTZ '9999-12-31 00:00:00+00');

CREATE OR REPLACE VIEW sync_runs AS
SELECT r.run_id, i.integration_id, r.purpose, r.started_at, r.ended_at, r.requests, r.bytes, r.added, r.changed, r.removed, r.rejected, r.pushed,
    r.outcome, r.error_code, r.heartbeat_at
FROM _kept.sync_run r JOIN _kept.integration i USING (integration_key);

CREATE OR REPLACE VIEW sync_calendar_runs AS
SELECT r.run_id, c.calendar_id, r.requests, r.bytes, r.added, r.changed, r.removed, r.rejected, r.outcome, r.error_code
FROM _kept.sync_calendar_run r JOIN _kept.calendar c USING (calendar_key);

CREATE OR REPLACE VIEW quarantine AS
SELECT c.calendar_id, q.href, q.reason, q.first_seen_at, q.last_seen_at
FROM _kept.quarantine q JOIN _kept.calendar c USING (calendar_key) WHERE q.healed_at IS NULL;

CREATE OR REPLACE VIEW _kept.owner AS
SELECT DISTINCT a.appointment_id, u.sub_account, u.user_id FROM _kept.appointment_version a JOIN _kept.account_user u USING (user_key);

CREATE OR REPLACE VIEW drift AS
SELECT d.drift_id, d.appointment_id, c.calendar_id, d.kind, d.ours_starts_at, d.ours_ends_at, d.theirs_starts_at, d.theirs_ends_at,
    d.first_seen_at, d.settled_at, d.settlement, w.sub_account, w.user_id
FROM _kept.drift d JOIN _kept.calendar c USING (calendar_key) LEFT JOIN _kept.owner w ON w.appointment_id = d.appointment_id;

CREATE OR REPLACE VIEW outbox AS
SELECT o.outbox_id, o.appointment_id, c.calendar_id, o.action, o.state, o.attempts, o.last_error, o.next_try_at, o.created_at,
    w.sub_account, w.user_id
FROM _kept.outbox o JOIN _kept.calendar c USING (calendar_key) LEFT JOIN _kept.owner w ON w.appointment_id = o.appointment_id;

CREATE OR REPLACE VIEW alerts AS
SELECT a.alert_id, a.kind, coalesce(s.sub_account, u.sub_account) AS sub_account, u.user_id, i.integration_id, c.calendar_id, a.raised_at, a.cleared_at, a.says
FROM _kept.alert a
LEFT JOIN _kept.sub_account s ON s.sub_account_key = a.sub_account_key
LEFT JOIN _kept.account_user u ON u.user_key = a.user_key
LEFT JOIN _kept.integration i ON i.integration_key = a.integration_key
LEFT JOIN _kept.calendar c ON c.calendar_key = a.calendar_key;

CREATE OR REPLACE VIEW audit_log AS
SELECT a."at" AS "at", a.actor, a.action, a.object, a.reason FROM _kept.audit_log a;
