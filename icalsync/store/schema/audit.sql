-- Double bookings (issue 6). What is a thing, what is a finding, and what each fact means stands in core/audit.py, which also decides the
-- cause: SQL gathers the facts of each pair, and looks the cause up.

-- Everything in the calendars of every user, in that user's eyes, as known at t; whether or not it blocks. Rows of busy_rows are among it.
-- "others": the calendar has a role for another user too.
CREATE OR REPLACE MACRO _kept.seen_rows(t) AS TABLE
WITH read AS MATERIALIZED (   -- before the occurrences, of which there are many times more; the planner would not guess it
    SELECT r.user_key, r.calendar_key, r.policy_key, r.blocks, r.time_zone, r.address_set_key,
        coalesce(x.lowest <> r.user_key OR x.highest <> r.user_key, false) AS others,
        v.version_key, v.path_key, v.href, v.uid, v.own_user_key, v.drifted, v.appointment_id, v.known_from
    FROM _kept.calendar_reading r
    LEFT JOIN (
        SELECT calendar_key, min(user_key) AS lowest, max(user_key) AS highest FROM _kept.calendar_role_version
        WHERE known_to = 'infinity' GROUP BY calendar_key
    ) x ON x.calendar_key = r.calendar_key
    JOIN _kept.object_version v ON v.calendar_key = r.calendar_key
    WHERE r.known_from <= _kept.moment_of(t) AND r.known_to > _kept.moment_of(t) AND v.known_from <= _kept.moment_of(t) AND v.known_to > _kept.moment_of(t)
)
SELECT r.user_key, r.calendar_key, r.policy_key, r.blocks, r.others, r.version_key, r.path_key, r.href, r.uid, r.own_user_key, r.drifted,
    CASE WHEN r.own_user_key = r.user_key THEN r.appointment_id END AS appointment_id, r.known_from,
    o.rowid AS occurrence_row, o.component, o.recurrence_id, o.starts_at, o.ends_at, o.facts_key
FROM read r
JOIN _kept.occurrence o ON o.calendar_key = r.calendar_key AND o.version_key = r.version_key
WHERE (o.zone IS NULL OR o.zone = r.time_zone) AND (o.address_set_key IS NULL OR o.address_set_key = r.address_set_key) AND o.starts_at < o.ends_at;

-- Users who are one person, in both directions.
CREATE OR REPLACE VIEW _kept.same_person AS
SELECT a.user_key, b.user_key AS other_key
FROM _kept.user_version a JOIN _kept.user_version b ON b.person = a.person AND b.user_key <> a.user_key
WHERE a.known_to = 'infinity' AND b.known_to = 'infinity';

-- When each appointment came to lie where it lies, whether that was checked, and whether it was the calendar that moved it (R11); of some users, or all.
CREATE OR REPLACE MACRO _kept.booking_made(keys) AS TABLE
SELECT appointment_id, max(known_from) AS made_at, arg_max(forced, known_from) AND arg_max(changed_by, known_from) IS DISTINCT FROM 'calendar' AS forced,
    arg_max(changed_by, known_from) IS NOT DISTINCT FROM 'calendar' AS accepted
FROM (
    SELECT appointment_id, known_from, forced, changed_by,
        (starts_at, ends_at, status = 'cancelled')
            IS DISTINCT FROM lag((starts_at, ends_at, status = 'cancelled')) OVER (PARTITION BY appointment_id ORDER BY known_from) AS placed
    FROM _kept.appointment_version WHERE keys IS NULL OR list_contains(keys, user_key)
) WHERE placed GROUP BY appointment_id;

-- The things of some users (NULL: all) that touch [first, last) (NULL: any time): what takes their time, and what could have.
-- Narrow, because there are many: what they say is looked up for those that meet. kind 0 is an event, 1 an appointment, 2 a blocked slot;
-- n tells a user's things apart: four times the row it stands in, and the kind. s and e are microseconds since 1970.
-- A blocking stretch of travel is part of its event; one that a policy freed is a thing of its own.
CREATE OR REPLACE MACRO _kept.things(keys, first, last) AS TABLE
WITH seen AS (
    SELECT s.user_key, s.others, s.version_key, s.occurrence_row, s.component, s.starts_at, s.ends_at, s.blocks, f.travel,
        d.busyness = 'FREE' AS free, d.reason IN ('CANCELLED', 'ZERO_LENGTH') AS void, d.reason = 'TRAVEL' AS travel_freed,
        s.own_user_key IS NOT DISTINCT FROM s.user_key OR (s.blocks AND d.busyness <> 'FREE') AS takes
    FROM _kept.seen_rows('9999-12-31 00:00:00+00') s
    JOIN _kept.verdict d ON d.facts_key = s.facts_key AND d.policy_key = s.policy_key AND NOT d.own
    JOIN _kept.facts f ON f.facts_key = s.facts_key
    WHERE (keys IS NULL OR list_contains(keys, s.user_key)) AND d.busyness <> 'UNKNOWN'
        -- a day more, because the travel to an event after the window may lie in it
        AND s.starts_at < coalesce(last::TIMESTAMPTZ + INTERVAL 1 DAY, 'infinity') AND s.ends_at > coalesce(first::TIMESTAMPTZ, '-infinity')
        AND (s.own_user_key IS NULL OR (s.own_user_key <> s.user_key AND s.blocks) OR (s.drifted AND d.busyness <> 'FREE'))
)
SELECT e.user_key, 4 * e.occurrence_row AS n, epoch_us(coalesce(w.starts_at, e.starts_at)) AS s, epoch_us(e.ends_at) AS e, e.takes
FROM seen e
LEFT JOIN (SELECT user_key, version_key, component, ends_at, min(starts_at) AS starts_at FROM seen WHERE travel AND takes GROUP BY ALL) w
    ON w.user_key = e.user_key AND w.version_key = e.version_key AND w.component = e.component AND w.ends_at = e.starts_at AND NOT e.travel AND e.takes
WHERE coalesce(w.starts_at, e.starts_at) < coalesce(last::TIMESTAMPTZ, 'infinity')
    AND CASE WHEN e.travel THEN e.blocks AND e.free AND e.travel_freed
             WHEN e.takes THEN true
             WHEN e.blocks THEN NOT e.void
             ELSE NOT e.free AND NOT e.others END   -- in a calendar of another user, it is that user's
UNION ALL
SELECT a.user_key, 4 * a.rowid + 1, epoch_us(a.starts_at), epoch_us(a.ends_at), true
FROM _kept.appointment_version a
WHERE a.known_to = 'infinity' AND a.status <> 'cancelled' AND a.starts_at < a.ends_at AND (keys IS NULL OR list_contains(keys, a.user_key))
    AND a.starts_at < coalesce(last::TIMESTAMPTZ, 'infinity') AND a.ends_at > coalesce(first::TIMESTAMPTZ, '-infinity')
UNION ALL
SELECT b.user_key, 4 * b.rowid + 2, epoch_us(b.starts_at), epoch_us(b.ends_at), true
FROM _kept.blocked_slot_version b
WHERE b.known_to = 'infinity' AND b.starts_at < b.ends_at AND (keys IS NULL OR list_contains(keys, b.user_key))
    AND b.starts_at < coalesce(last::TIMESTAMPTZ, 'infinity') AND b.ends_at > coalesce(first::TIMESTAMPTZ, '-infinity');

-- Which things of one user meet: those of up to 31 days in buckets of six hours, longer ones with each of their user's.
-- "place" is a user and a bucket in one number; most things lie in one bucket, and only the others are unnested.
CREATE OR REPLACE MACRO _kept.meetings(keys, first, last) AS TABLE
WITH t AS MATERIALIZED (FROM _kept.things(keys, first, last)),
x AS (
    SELECT user_key::BIGINT * 1000000 + s // 21600000000 AS place, n, s, e, takes FROM t WHERE e - s <= 2678400000000
    UNION ALL
    SELECT user_key::BIGINT * 1000000 + unnest(range(s // 21600000000 + 1, (e - 1) // 21600000000 + 1)), n, s, e, takes FROM t
    WHERE e - s <= 2678400000000 AND (e - 1) // 21600000000 > s // 21600000000
),
longer AS MATERIALIZED (FROM t WHERE e - s > 2678400000000),
beside AS MATERIALIZED (FROM t SEMI JOIN longer USING (user_key)),
met AS (
    -- what takes time among itself
    SELECT (a.place // 1000000)::INTEGER AS user_key, a.n AS a_n, a.s AS a_s, a.e AS a_e, b.n AS b_n, b.s AS b_s, b.e AS b_e
    FROM (FROM x WHERE takes) a JOIN (FROM x WHERE takes) b
        ON a.place = b.place AND a.n < b.n AND a.s < b.e AND b.s < a.e AND a.place % 1000000 = greatest(a.s, b.s) // 21600000000
    UNION ALL
    -- bookings, and what did not take time
    SELECT (a.place // 1000000)::INTEGER, a.n, a.s, a.e, b.n, b.s, b.e FROM (FROM x WHERE n % 4 = 1) a JOIN (FROM x WHERE NOT takes) b
        ON a.place = b.place AND a.s < b.e AND b.s < a.e AND a.place % 1000000 = greatest(a.s, b.s) // 21600000000
    UNION ALL
    SELECT l.user_key, l.n, l.s, l.e, o.n, o.s, o.e FROM longer l
    JOIN beside o
        ON l.user_key = o.user_key AND l.n <> o.n AND l.s < o.e AND o.s < l.e AND (o.e - o.s <= 2678400000000 OR l.n < o.n)
        AND ((l.takes AND o.takes) OR l.n % 4 = 1 OR o.n % 4 = 1)
)
FROM met
WHERE (first IS NULL OR least(a_e, b_e) > epoch_us(first::TIMESTAMPTZ)) AND (last IS NULL OR greatest(a_s, b_s) < epoch_us(last::TIMESTAMPTZ));

-- Bookings of some users, and what takes the time of the users who are the same person, but for what both see.
CREATE OR REPLACE MACRO _kept.meetings_across(keys, first, last) AS TABLE
WITH mine AS MATERIALIZED (
    SELECT p.other_key, t.user_key, t.starts_at, t.ends_at, t.calendar_key, t.appointment_id AS ref,
        unnest(range(epoch_us(t.starts_at) // 21600000000, (epoch_us(t.ends_at) - 1) // 21600000000 + 1)) AS bucket
    FROM _kept.same_person p JOIN _kept.appointment_version t ON t.user_key = p.user_key
    WHERE t.known_to = 'infinity' AND t.status <> 'cancelled' AND t.starts_at < t.ends_at AND (keys IS NULL OR list_contains(keys, t.user_key))
),
read AS MATERIALIZED (   -- only what the others block with; where nobody has two users, nothing
    SELECT r.user_key, r.calendar_key, r.policy_key, r.time_zone, r.address_set_key, v.version_key, v.href, v.uid
    FROM (SELECT DISTINCT other_key FROM mine) m
    JOIN _kept.calendar_reading r ON r.user_key = m.other_key AND r.known_to = 'infinity' AND r.blocks
    JOIN _kept.object_version v ON v.calendar_key = r.calendar_key AND v.known_to = 'infinity' AND v.own_user_key IS NULL
),
theirs AS (
    SELECT a.user_key, 'appointment' AS source, a.starts_at, a.ends_at, a.calendar_key, a.href, NULL::VARCHAR AS uid, a.appointment_id AS ref
    FROM _kept.appointment_version a
    WHERE a.known_to = 'infinity' AND a.status <> 'cancelled' AND a.starts_at < a.ends_at AND a.user_key IN (SELECT other_key FROM mine)
    UNION ALL
    SELECT r.user_key, 'external', o.starts_at, o.ends_at, r.calendar_key, r.href, r.uid, o.recurrence_id
    FROM read r
    JOIN _kept.occurrence o ON o.calendar_key = r.calendar_key AND o.version_key = r.version_key
    JOIN _kept.verdict d ON d.facts_key = o.facts_key AND d.policy_key = r.policy_key AND NOT d.own
    JOIN _kept.facts f ON f.facts_key = o.facts_key
    WHERE (o.zone IS NULL OR o.zone = r.time_zone) AND (o.address_set_key IS NULL OR o.address_set_key = r.address_set_key)
        AND o.starts_at < o.ends_at AND NOT f.travel AND d.busyness NOT IN ('FREE', 'UNKNOWN')
),
x AS (
    SELECT *, unnest(range(epoch_us(starts_at) // 21600000000, (epoch_us(ends_at) - 1) // 21600000000 + 1)) AS bucket FROM theirs
    WHERE starts_at < coalesce(last::TIMESTAMPTZ, 'infinity') AND ends_at > coalesce(first::TIMESTAMPTZ, '-infinity')
)
SELECT a.* EXCLUDE (other_key, bucket), x.starts_at AS other_starts_at, x.ends_at AS other_ends_at,
    concat_ws('|', x.user_key, x.source, x.calendar_key, x.href, x.ref) AS other_ident
FROM mine a JOIN x ON x.user_key = a.other_key AND x.bucket = a.bucket AND x.starts_at < a.ends_at AND a.starts_at < x.ends_at
    AND a.bucket = greatest(epoch_us(a.starts_at), epoch_us(x.starts_at)) // 21600000000
WHERE (first IS NULL OR least(a.ends_at, x.ends_at) > first::TIMESTAMPTZ) AND (last IS NULL OR greatest(a.starts_at, x.starts_at) < last::TIMESTAMPTZ)
    AND (x.source = 'appointment' OR NOT (
    EXISTS (FROM _kept.calendar_reading r WHERE r.user_key = a.user_key AND r.calendar_key = x.calendar_key AND r.known_to = 'infinity')
    OR EXISTS (
        FROM _kept.calendar_reading r JOIN _kept.object_version v ON v.calendar_key = r.calendar_key
        WHERE r.user_key = a.user_key AND r.known_to = 'infinity' AND v.known_to = 'infinity' AND v.uid = x.uid
    )
));

-- A thing as the view shows it, and what it is known by for ever: of an event its place and instance, of ours its id.
CREATE OR REPLACE MACRO _kept.shown(t, calendar_id) AS {
    'source': t.source, 'calendar_id': calendar_id, 'uid': t.uid, 'ref': t.ref, 'known_from': t.known_from,
    'starts_at': t.starts_at, 'ends_at': t.ends_at,
    'ident': CASE WHEN t.source = 'external' THEN concat_ws('|', t.source, calendar_id, t.href, t.recurrence_id, CASE WHEN t.travel THEN 'travel' END)
                  ELSE concat_ws('|', t.source, t.ref) END
};

-- All that is found about some users (NULL: all) where it touches [first, last) (NULL: any time).
CREATE OR REPLACE MACRO _kept.double_bookings_in(keys, first, last) AS TABLE
WITH bare AS MATERIALIZED (SELECT row_number() OVER () AS pair, * FROM _kept.meetings(keys, first, last)),
spoken AS (   -- what the things that meet are
    SELECT w.pair, w.which, {'source': CASE w.n % 4 WHEN 0 THEN 'external' WHEN 1 THEN 'appointment' ELSE 'blocked_slot' END,
        'starts_at': make_timestamptz(w.s), 'ends_at': make_timestamptz(w.e), 'calendar_key': coalesce(i.calendar_key, p.calendar_key),
        'path_key': v.path_key, 'href': v.href, 'uid': v.uid,
        'recurrence_id': i.recurrence_id, 'component': i.component, 'version_key': i.version_key, 'travel': coalesce(f.travel, false),
        'ref': CASE w.n % 4 WHEN 0 THEN CASE WHEN v.own_user_key = w.user_key THEN v.appointment_id END WHEN 1 THEN p.appointment_id ELSE b.blocked_slot_id END,
        'known_from': coalesce(v.known_from, b.known_from, m.made_at), 'made_at': m.made_at, 'forced': m.forced, 'accepted': m.accepted,
        'own_user_key': v.own_user_key, 'reason': d.reason, 'free': d.busyness = 'FREE'} AS t
    FROM (
        SELECT pair, user_key, 1 AS which, a_n AS n, a_s AS s, a_e AS e FROM bare UNION ALL SELECT pair, user_key, 2, b_n, b_s, b_e FROM bare
    ) w
    LEFT JOIN _kept.occurrence i ON w.n % 4 = 0 AND i.rowid = w.n // 4
    LEFT JOIN _kept.object_version v ON v.version_key = i.version_key
    LEFT JOIN _kept.facts f ON f.facts_key = i.facts_key
    LEFT JOIN _kept.calendar_reading r ON r.user_key = w.user_key AND r.calendar_key = i.calendar_key AND r.known_to = 'infinity'
    LEFT JOIN _kept.verdict d ON d.facts_key = i.facts_key AND d.policy_key = r.policy_key AND NOT d.own
    LEFT JOIN _kept.appointment_version p ON w.n % 4 = 1 AND p.rowid = w.n // 4
    LEFT JOIN _kept.blocked_slot_version b ON w.n % 4 = 2 AND b.rowid = w.n // 4
    LEFT JOIN _kept.booking_made(keys) m ON m.appointment_id = p.appointment_id
),
met AS (
    SELECT r.pair, r.user_key, a.t AS a, b.t AS b FROM bare r
    JOIN spoken a ON a.pair = r.pair AND a.which = 1 JOIN spoken b ON b.pair = r.pair AND b.which = 2
),
sure AS (   -- an appointment and its own copy are one; a blocked slot counts against bookings only; one event seen twice is one
    SELECT * FROM met
    WHERE a.ref IS DISTINCT FROM coalesce(b.ref, '')
        AND ('appointment' IN (a.source, b.source) OR 'blocked_slot' NOT IN (a.source, b.source))
        AND NOT (a.source = 'external' AND b.source = 'external' AND a.uid IS NOT NULL AND a.uid IS NOT DISTINCT FROM b.uid
            AND (a.recurrence_id IS NOT DISTINCT FROM b.recurrence_id OR (a.starts_at = b.starts_at AND a.ends_at = b.ends_at)))
),
one_invitation AS (   -- whatever its UIDs
    SELECT pair FROM (
        SELECT w.pair, w.which, e.summary, (SELECT string_agg(g.address, ' ' ORDER BY g.address) FROM _kept.attendee g
            WHERE g.version_key = w.version_key AND g.component = w.component) AS people
        FROM (
            SELECT pair, unnest([1, 2]) AS which, unnest([a.version_key, b.version_key]) AS version_key, unnest([a.component, b.component]) AS component
            FROM sure WHERE a.source = 'external' AND b.source = 'external' AND a.starts_at = b.starts_at AND a.ends_at = b.ends_at
        ) w JOIN _kept.event e ON e.version_key = w.version_key AND e.component = w.component AND e.summary <> ''
    ) WHERE people IS NOT NULL GROUP BY pair HAVING count(*) = 2 AND count(DISTINCT (summary, people)) = 1
),
copies AS (   -- of the booking, or of one of the same person's, that nobody recognised or that another user's pull brought
    SELECT s.pair FROM (SELECT pair, user_key, CASE WHEN a.source = 'appointment' THEN a ELSE b END AS k, CASE WHEN a.source = 'appointment' THEN b ELSE a END AS e
        FROM sure WHERE 'appointment' IN (a.source, b.source) AND 'external' IN (a.source, b.source)) s
    WHERE EXISTS (FROM _kept.own_object w WHERE w.appointment_id = s.k.ref AND w.uid = s.e.uid)
        OR EXISTS (FROM _kept.same_person p WHERE p.user_key = s.user_key AND p.other_key = s.e.own_user_key)
),
pairs AS (FROM sure WHERE pair NOT IN (SELECT pair FROM one_invitation UNION ALL SELECT pair FROM copies)),
-- k: the booking, the later made of two; o: the other thing
booked AS (
    SELECT pair, user_key, k, o, greatest(k.made_at, (SELECT retention_limit FROM _kept.meta)) AS moment FROM (
        SELECT pair, user_key, CASE WHEN swapped THEN b ELSE a END AS k, CASE WHEN swapped THEN a ELSE b END AS o FROM (
            SELECT *, a.source <> 'appointment' OR (b.source = 'appointment' AND (b.made_at, b.ref) > (a.made_at, a.ref)) AS swapped
            FROM pairs WHERE 'appointment' IN (a.source, b.source)
        )
    )
),
-- what was known, then, of the event on the other side: every version of its object that lay over the booking
versions AS MATERIALIZED (
    SELECT q.pair, q.user_key, q.moment, q.k.starts_at AS starts_at, q.k.ends_at AS ends_at, v.calendar_key, v.version_key, v.known_from, v.known_to
    FROM (SELECT *, o.calendar_key AS calendar_key, o.path_key AS path_key FROM booked WHERE o.source = 'external') q
    JOIN _kept.object_version v ON v.calendar_key = q.calendar_key AND v.path_key = q.path_key
        AND (v.own_user_key IS DISTINCT FROM q.user_key OR v.drifted)
),
lain AS MATERIALIZED (
    SELECT q.*, o.facts_key, o.starts_at AS lay_from, o.zone, o.address_set_key
    FROM versions q
    -- of these users' calendars, so that a question about one does not read everybody's
    JOIN (
        FROM _kept.occurrence WHERE calendar_key IN (
            SELECT x.calendar_key FROM _kept.calendar_reading x WHERE keys IS NULL OR list_contains(keys, x.user_key)
        )
    ) o ON o.calendar_key = q.calendar_key AND o.version_key = q.version_key
        AND o.starts_at < q.ends_at AND o.ends_at > q.starts_at
),
then_known AS (
    SELECT q.pair, coalesce(bool_or(q.known_from <= q.moment AND q.known_to > q.moment), false) AS known,
        bool_and(d.busyness = 'FREE') FILTER (q.known_from <= q.moment AND q.known_to > q.moment) AS free,
        arg_min(d.reason, q.lay_from) FILTER (q.known_from <= q.moment AND q.known_to > q.moment) AS reason,
        min(q.known_from) FILTER (q.known_from <= q.moment) AS since, min(q.known_from) FILTER (q.known_from > q.moment) AS learned_at
    FROM lain q
    JOIN _kept.calendar_reading r ON r.user_key = q.user_key AND r.calendar_key = q.calendar_key
        AND r.known_from <= greatest(q.moment, q.known_from) AND r.known_to > greatest(q.moment, q.known_from)
        AND (q.zone IS NULL OR q.zone = r.time_zone) AND (q.address_set_key IS NULL OR q.address_set_key = r.address_set_key)
    JOIN _kept.verdict d ON d.facts_key = q.facts_key AND d.policy_key = r.policy_key AND NOT d.own
    GROUP BY q.pair
),
chosen AS (
    SELECT q.pair FROM (FROM booked WHERE o.source = 'external') q
    JOIN _kept.calendar_reading r ON r.user_key = q.user_key AND r.calendar_key = q.o.calendar_key AND r.known_from <= q.moment AND r.known_to > q.moment
    WHERE r.blocks OR q.o.own_user_key IS NOT DISTINCT FROM q.user_key
),
-- why a calendar could tell nothing new, then
down AS (
    SELECT q.pair, CASE WHEN s.state IS DISTINCT FROM 'ok' THEN coalesce(s.reason, upper(coalesce(s.state, 'never_pulled')))
                        WHEN i.status IN ('reauthentication_needed', 'unreachable', 'failing') THEN upper(i.status)
                        WHEN n.ended_at < q.moment - m.stale_after THEN 'STALE' END AS code
    FROM (SELECT pair, moment, o.calendar_key AS calendar_key FROM booked WHERE o.source = 'external') q
    CROSS JOIN _kept.meta m
    JOIN _kept.calendar c ON c.calendar_key = q.calendar_key
    LEFT JOIN _kept.calendar_state_version s ON s.calendar_key = q.calendar_key AND s.known_from <= q.moment AND s.known_to > q.moment
    LEFT JOIN _kept.integration_status_version i ON i.integration_key = c.integration_key AND i.known_from <= q.moment AND i.known_to > q.moment
    ASOF LEFT JOIN (SELECT unnest(fresh) AS calendar_key, ended_at FROM _kept.sync_run WHERE ended_at IS NOT NULL) n
        ON n.calendar_key = q.calendar_key AND n.ended_at <= q.moment
),
-- events that lie elsewhere in another calendar of the same user, by one offset: a zone was read wrongly in one of the two
sides AS (
    SELECT pair, user_key, unnest([{'e': a, 'other': b}, {'e': b, 'other': a}]) AS side FROM pairs
),
outer_sides AS (SELECT pair, user_key, side.e AS e, side.other AS other FROM sides WHERE side.e.source = 'external' AND NOT side.e.travel),
invited AS MATERIALIZED (   -- everything with guests in the calendars of these users, by title
    SELECT r.user_key, v.calendar_key, v.version_key, y.component, y.summary
    FROM (FROM _kept.calendar_reading WHERE known_to = 'infinity' AND user_key IN (SELECT user_key FROM outer_sides)) r
    JOIN _kept.object_version v ON v.calendar_key = r.calendar_key AND v.known_to = 'infinity'
    JOIN _kept.event y ON y.version_key = v.version_key AND y.summary <> ''
    SEMI JOIN _kept.attendee g ON g.version_key = y.version_key AND g.component = y.component
),
alike AS MATERIALIZED (   -- those of one title in two calendars
    SELECT e.user_key, e.version_key AS mine, e.component, v.version_key AS twin, v.component AS other_component
    FROM (SELECT DISTINCT user_key, e.version_key AS version_key, e.component AS component FROM outer_sides) o
    JOIN invited e ON e.user_key = o.user_key AND e.version_key = o.version_key AND e.component = o.component
    JOIN invited v ON v.user_key = e.user_key AND v.summary = e.summary AND v.calendar_key <> e.calendar_key
),
guests AS (
    SELECT version_key, component, string_agg(address, ' ' ORDER BY address) AS people FROM _kept.attendee
    WHERE version_key IN (SELECT mine FROM alike UNION ALL SELECT twin FROM alike) GROUP BY ALL
),
doubles AS (
    SELECT DISTINCT e.user_key, e.version_key AS mine, v.version_key AS twin
    FROM (SELECT DISTINCT user_key, e.version_key AS version_key, e.calendar_key AS calendar_key, e.uid AS uid FROM outer_sides) e
    JOIN _kept.object_version v ON v.uid = e.uid AND v.calendar_key <> e.calendar_key AND v.known_to = 'infinity'
    JOIN _kept.calendar_reading r ON r.user_key = e.user_key AND r.calendar_key = v.calendar_key AND r.known_to = 'infinity'
    UNION
    SELECT a.user_key, a.mine, a.twin FROM alike a
    JOIN guests g ON g.version_key = a.mine AND g.component = a.component
    JOIN guests h ON h.version_key = a.twin AND h.component = a.other_component AND h.people = g.people
),
laid AS (
    SELECT s.user_key, s.version_key, s.component, s.recurrence_id, epoch_us(s.starts_at) AS s, epoch_us(s.ends_at) AS e
    FROM _kept.seen_rows('9999-12-31 00:00:00+00') s JOIN _kept.facts f ON f.facts_key = s.facts_key AND NOT f.travel
    WHERE s.version_key IN (SELECT mine FROM doubles UNION ALL SELECT twin FROM doubles) AND s.user_key IN (SELECT user_key FROM doubles)
),
apart AS (
    SELECT d.user_key, d.mine, d.twin, x.component, x.recurrence_id, y.s - x.s AS shift, x.s AS s, x.e AS e
    FROM doubles d
    JOIN laid x ON x.user_key = d.user_key AND x.version_key = d.mine
    JOIN laid y ON y.user_key = d.user_key AND y.version_key = d.twin AND y.e - y.s = x.e - x.s
        AND abs(y.s - x.s) <= 50400000000 AND (y.s - x.s) % 900000000 = 0
),
constant AS (
    SELECT p.user_key, p.mine, p.twin, p.shift
    FROM (SELECT user_key, mine, twin, shift, count(*) AS shared FROM apart GROUP BY ALL) p
    JOIN (SELECT user_key, version_key, count(*) AS laid FROM laid GROUP BY ALL) t ON t.user_key = p.user_key AND t.version_key = p.mine
    WHERE p.shift <> 0 AND p.shared * 2 > t.laid
        AND NOT EXISTS (FROM apart z WHERE z.user_key = p.user_key AND z.mine = p.mine AND z.twin = p.twin AND z.shift = 0)
),
shifts AS (
    SELECT q.pair, arg_min(p.shift, (abs(p.shift), p.shift)) AS shift
    FROM outer_sides q
    JOIN apart p ON p.user_key = q.user_key AND p.mine = q.e.version_key AND p.component = q.e.component
        AND p.recurrence_id IS NOT DISTINCT FROM q.e.recurrence_id
    JOIN constant c ON c.user_key = p.user_key AND c.mine = p.mine AND c.twin = p.twin AND c.shift = p.shift
    WHERE NOT (p.s + p.shift < epoch_us(q.other.ends_at) AND p.e + p.shift > epoch_us(q.other.starts_at))
    GROUP BY q.pair
),
judged AS (
    SELECT p.pair, p.user_key, p.a, p.b, k.k.made_at AS made_at, f.shift, d.code,
        CASE WHEN k.o.source = 'external' THEN coalesce(t.known, false) ELSE k.o.known_from <= k.k.made_at END AS known,
        CASE WHEN k.o.source <> 'external' THEN k.o.known_from
             WHEN t.known THEN t.since ELSE coalesce(t.learned_at, k.o.known_from) END AS other_at,
        CASE WHEN t.known THEN t.free ELSE k.o.free END AS free, CASE WHEN t.known THEN t.reason ELSE k.o.reason END AS reason,
        k.o.source <> 'external' OR c.pair IS NOT NULL AS chosen, k.k.forced AS forced, k.k.accepted AS accepted, k.pair IS NULL AS outside
    FROM pairs p
    LEFT JOIN booked k ON k.pair = p.pair
    LEFT JOIN then_known t ON t.pair = p.pair
    LEFT JOIN chosen c ON c.pair = p.pair
    LEFT JOIN down d ON d.pair = p.pair
    LEFT JOIN shifts f ON f.pair = p.pair
),
told AS (
    SELECT j.user_key, j.made_at, _kept.shown(j.a, ca.calendar_id) AS x, _kept.shown(j.b, cb.calendar_id) AS y,
        CASE WHEN j.outside THEN 2 ELSE 0 END + CASE WHEN j.accepted THEN 4 ELSE 0 END + CASE WHEN j.forced THEN 8 ELSE 0 END
            + CASE WHEN j.shift IS NOT NULL THEN 16 ELSE 0 END + CASE WHEN j.known THEN 32 ELSE 0 END + CASE WHEN j.chosen THEN 64 ELSE 0 END
            + CASE WHEN j.free THEN 128 ELSE 0 END + CASE WHEN j.code IS NOT NULL THEN 256 ELSE 0 END
            + CASE WHEN abs(epoch_us(j.other_at) - epoch_us(j.made_at)) <= 10000000 THEN 512 ELSE 0 END AS facts_key,
        (epoch_us(j.other_at) - epoch_us(j.made_at)) / 60e6 AS late, j.shift / 60e6 AS shift, j.code,
        CASE WHEN j.accepted AND j.known THEN 'REMOTE_CHANGE' WHEN j.free THEN j.reason ELSE 'KNOWN' END AS let
    FROM judged j
    LEFT JOIN _kept.calendar ca ON ca.calendar_key = j.a.calendar_key
    LEFT JOIN _kept.calendar cb ON cb.calendar_key = j.b.calendar_key
    UNION ALL BY NAME
    SELECT s.user_key, m.made_at,
        {'source': 'appointment', 'calendar_id': c.calendar_id, 'uid': NULL::VARCHAR, 'ref': s.ref, 'known_from': m.made_at,
         'starts_at': s.starts_at, 'ends_at': s.ends_at, 'ident': concat_ws('|', 'appointment', s.ref)} AS x,
        {'source': 'person', 'calendar_id': NULL::VARCHAR, 'uid': NULL::VARCHAR, 'ref': NULL::VARCHAR, 'known_from': NULL::TIMESTAMPTZ,
         'starts_at': s.other_starts_at, 'ends_at': s.other_ends_at, 'ident': concat('person|', s.other_ident)} AS y,
        1 AS facts_key
    FROM _kept.meetings_across(keys, first, last) s
    LEFT JOIN _kept.calendar c ON c.calendar_key = s.calendar_key
    LEFT JOIN _kept.booking_made(keys) m ON m.appointment_id = s.ref
),
ordered AS (
    SELECT t.*, CASE WHEN (x.starts_at, x.ident) <= (y.starts_at, y.ident) THEN x ELSE y END AS f,
        CASE WHEN (x.starts_at, x.ident) <= (y.starts_at, y.ident) THEN y ELSE x END AS s
    FROM told t
)
SELECT left(md5(concat_ws('|', u.sub_account, u.user_id, least(r.x.ident, r.y.ident), greatest(r.x.ident, r.y.ident))), 16) AS finding_id,
    u.sub_account, u.user_id, greatest(r.f.starts_at, r.s.starts_at) AS starts_at, least(r.f.ends_at, r.s.ends_at) AS ends_at,
    r.f.source AS first_source, r.f.calendar_id AS first_calendar_id, r.f.uid AS first_uid, r.f.ref AS first_ref, r.f.known_from AS first_known_from,
    r.s.source AS second_source, r.s.calendar_id AS second_calendar_id, r.s.uid AS second_uid, r.s.ref AS second_ref,
    r.s.known_from AS second_known_from, c.cause,
    CASE c.cause WHEN 'RULE_LET_IT_THROUGH' THEN r.let WHEN 'SOURCE_DOWN' THEN r.code END AS detail,
    CASE c.cause WHEN 'LATE_ARRIVAL' THEN r.late WHEN 'SOURCE_DOWN' THEN r.late WHEN 'RACE' THEN abs(r.late) WHEN 'ZONE_SHIFT' THEN r.shift END AS minutes,
    CASE WHEN c.cause NOT IN ('EXTERNAL_ONLY') THEN r.made_at END AS booked_at,
    r.f.starts_at AS first_starts_at, r.f.ends_at AS first_ends_at, r.s.starts_at AS second_starts_at, r.s.ends_at AS second_ends_at
FROM ordered r
JOIN _kept.account_user u ON u.user_key = r.user_key
JOIN _kept.audit_cause c ON c.facts_key = r.facts_key;

CREATE OR REPLACE VIEW double_bookings AS FROM _kept.double_bookings_in(NULL, NULL, NULL);
