"""The queries of ``store.explaining``; ``$moment`` is the moment of knowledge, ``$user`` a key, ``[$start, $end)`` the stretch."""

from __future__ import annotations

from typing import Final

EVENTS: Final = """
    SELECT r.blocks, r.linked, c.calendar_id, v.version_key, v.href, v.uid, v.known_from, v.flags, v.rejected_reason, v.recurring,
        v.drifted, v.appointment_id, v.own_user_key IS NOT DISTINCT FROM r.user_key AS own,
        v.own_user_key IS NOT NULL AND v.own_user_key <> r.user_key AS foreign,
        o.component, o.recurrence_id, o.starts_at, o.ends_at,
        f.readable, f.transparency, f.status, f.participation, f.cdo, f.all_day, f.zero_length, f.travel,
        p.unanswered, p.tentative, p.travel AS travel_policy, p.all_day AS all_day_policy,
        d.busyness, d.reason, b.busyness AS plain_busyness, b.reason AS plain_reason,
        e.recurrence_id AS replaces, e.summary, e.timing, e.time_zone AS tzid, m.rrule,
        list_concat(a.from_principal, a.by_person) AS own_addresses
    FROM _kept.calendar_reading r
    JOIN _kept.calendar c USING (calendar_key)
    JOIN _kept.policy p ON p.policy_key = r.policy_key
    JOIN _kept.object_version v ON v.calendar_key = r.calendar_key
    JOIN _kept.occurrence o ON o.calendar_key = v.calendar_key AND o.version_key = v.version_key
    JOIN _kept.facts f ON f.facts_key = o.facts_key
    JOIN _kept.verdict d ON d.facts_key = o.facts_key AND d.policy_key = r.policy_key
        AND d.own = (v.own_user_key IS NOT DISTINCT FROM r.user_key)
    JOIN _kept.verdict b ON b.facts_key = o.facts_key AND b.policy_key = r.policy_key AND NOT b.own
    LEFT JOIN _kept.event e ON e.version_key = o.version_key AND e.component = o.component
    LEFT JOIN (SELECT version_key, any_value(rrule) AS rrule FROM _kept.event WHERE recurrence_id IS NULL GROUP BY ALL) m
        ON m.version_key = o.version_key
    LEFT JOIN (SELECT DISTINCT address_set_key, from_principal, by_person FROM _kept.address_set_version) a
        ON a.address_set_key = r.address_set_key
    WHERE r.user_key = $user
        AND (o.zone IS NULL OR o.zone = r.time_zone) AND (o.address_set_key IS NULL OR o.address_set_key = r.address_set_key)
        AND o.starts_at < $end AND (o.ends_at > $start OR (o.ends_at = o.starts_at AND o.starts_at >= $start))
        AND r.known_from <= $moment AND r.known_to > $moment AND v.known_from <= $moment AND v.known_to > $moment
    ORDER BY o.starts_at, o.ends_at, c.calendar_id, v.href, o.component, o.instance
"""

BUSY: Final = """
    SELECT starts_at, ends_at, source, reason, busyness, calendar_id, href, uid, recurrence_id, ref, known_from
    FROM _kept.busy_rows($moment, $present)
    WHERE user_key = $user AND starts_at < $end AND ends_at > $start ORDER BY ALL
"""

OTHERS: Final = """
    SELECT u.user_id, b.starts_at, b.ends_at, b.source, b.reason, b.busyness, b.recurrence_id, b.ref, b.known_from
    FROM _kept.busy_rows($moment, $present) b
    JOIN _kept.account_user u USING (user_key)
    JOIN _kept.user_version v ON v.user_key = u.user_key AND v.known_to = 'infinity'
    LEFT JOIN _kept.user_version me ON me.user_key = $user AND me.known_to = 'infinity'
    WHERE u.sub_account_key = $sub_account AND u.user_key <> $user AND b.source <> 'coverage'
        AND b.starts_at < $end AND b.ends_at > $start
    ORDER BY (v.person IS NOT NULL AND v.person = me.person) DESC, u.user_id, b.starts_at, b.ends_at, b.source, b.ref, b.recurrence_id
"""

APPOINTMENTS: Final = """
    SELECT appointment_id, starts_at, ends_at, title, status, known_from FROM _kept.appointment_version
    WHERE user_key = $user AND starts_at < $end AND ends_at > $start AND starts_at < ends_at
        AND known_from <= $moment AND known_to > $moment
    ORDER BY ALL
"""

CALENDARS: Final = """
    SELECT c.calendar_key, c.calendar_id, i.integration_id, i.provider, v.display_name, v.not_selectable_reason,
        coalesce(r.blocks, false) AS blocks, coalesce(r.linked, false) AS linked, coalesce(s.state, 'never_pulled') AS state,
        CASE WHEN $moment::TIMESTAMPTZ >= '9999-01-01 00:00:00+00'::TIMESTAMPTZ THEN f.last_synced_at ELSE n.ended_at END AS as_of
    FROM _kept.connection_version x
    JOIN _kept.integration i ON i.integration_key = x.integration_key
    JOIN _kept.calendar c ON c.integration_key = x.integration_key
    JOIN _kept.calendar_version v ON v.calendar_key = c.calendar_key AND v.known_from <= $moment AND v.known_to > $moment
    LEFT JOIN _kept.calendar_reading r
        ON r.calendar_key = c.calendar_key AND r.user_key = x.user_key AND r.known_from <= $moment AND r.known_to > $moment
    LEFT JOIN _kept.calendar_state_version s ON s.calendar_key = c.calendar_key AND s.known_from <= $moment AND s.known_to > $moment
    LEFT JOIN _kept.calendar_freshness f ON f.calendar_key = c.calendar_key
    LEFT JOIN (
        SELECT calendar_key, max(ended_at) AS ended_at
        FROM (SELECT unnest(fresh) AS calendar_key, ended_at FROM _kept.sync_run WHERE ended_at <= $moment) GROUP BY calendar_key
    ) n ON n.calendar_key = c.calendar_key
    WHERE x.user_key = $user AND x.known_from <= $moment AND x.known_to > $moment
    ORDER BY v.display_name, c.calendar_id
"""

EXCEPTIONS: Final = """
    SELECT c.calendar_id, v.version_key, v.href, v.uid, v.known_from, e.component, e.recurrence_id, e.summary, e.timing,
        e.time_zone AS tzid, m.rrule, coalesce(m.ends_at - m.starts_at, m.ends_local - m.starts_local) AS lasting,
        o.starts_at, o.ends_at, d.reason, v.own_user_key IS NOT NULL AND v.own_user_key <> r.user_key AS foreign
    FROM _kept.calendar_reading r
    JOIN _kept.calendar c USING (calendar_key)
    JOIN _kept.object_version v ON v.calendar_key = r.calendar_key
    JOIN _kept.event e ON e.version_key = v.version_key
    JOIN _kept.event m ON m.version_key = v.version_key AND m.recurrence_id IS NULL
    LEFT JOIN (
        SELECT o.version_key, o.component, min(o.starts_at) AS starts_at, min(o.ends_at) AS ends_at, min(o.facts_key) AS facts_key
        FROM _kept.occurrence o
        JOIN _kept.facts f ON f.facts_key = o.facts_key AND NOT f.travel
        WHERE o.zone IS NULL OR o.zone = $zone GROUP BY ALL
    ) o ON o.version_key = v.version_key AND o.component = e.component
    LEFT JOIN _kept.verdict d ON d.facts_key = o.facts_key AND d.policy_key = r.policy_key AND NOT d.own
    WHERE r.user_key = $user AND r.blocks AND left(e.recurrence_id, 8) IN (SELECT unnest($days::VARCHAR[]))
        AND r.known_from <= $moment AND r.known_to > $moment AND v.known_from <= $moment AND v.known_to > $moment
    ORDER BY c.calendar_id, v.href, e.component, m.component
"""

SERIES: Final = """
    SELECT c.calendar_id, v.version_key, v.href, v.uid, v.known_from, list_concat(a.from_principal, a.by_person) AS own_addresses,
        v.own_user_key IS NOT NULL AND v.own_user_key <> r.user_key AS foreign
    FROM _kept.calendar_reading r
    JOIN _kept.calendar c USING (calendar_key)
    JOIN _kept.object_version v ON v.calendar_key = r.calendar_key
    LEFT JOIN (SELECT DISTINCT address_set_key, from_principal, by_person FROM _kept.address_set_version) a
        ON a.address_set_key = r.address_set_key
    WHERE r.user_key = $user AND r.blocks AND v.recurring
        AND r.known_from <= $moment AND r.known_to > $moment AND v.known_from <= $moment AND v.known_to > $moment
"""

ATTENDEES: Final = """
    SELECT version_key, component, address FROM _kept.attendee WHERE version_key IN (SELECT unnest($versions::INTEGER[])) ORDER BY ALL
"""

ARRIVALS: Final = """
    SELECT c.calendar_id, k.known_from, arg_max(r.run_id, r.started_at) AS run_id, arg_max(r.purpose, r.started_at) AS purpose,
        max_by(r.ended_at, r.started_at) AS ended_at
    FROM (SELECT unnest($calendars::INTEGER[]) AS calendar_key, unnest($known::TIMESTAMPTZ[]) AS known_from) k
    JOIN _kept.calendar c USING (calendar_key)
    JOIN _kept.sync_calendar_run s ON s.calendar_key = k.calendar_key
    JOIN _kept.sync_run r ON r.run_id = s.run_id AND r.started_at <= k.known_from AND r.ended_at >= k.known_from
    GROUP BY ALL
"""

RAW: Final = "SELECT version_key, raw FROM _kept.raw_text"

EXCLUDES: Final = """
    octet_length(raw) <= 1000000 AND regexp_matches(
        replace(replace(replace(raw::VARCHAR, '\\x0D', ''), '\\x0A ', ''), '\\x0A\\x09', ''),
        '[Ee][Xx][Dd][Aa][Tt][Ee][^\\\\]*({dates})'
    )
"""
"""Over the text form of the bytes, unfolded: whether dates near the slot were taken out of a series."""

VANISHED: Final = """
    SELECT version_key, known_to FROM _kept.object_version
    WHERE version_key IN (SELECT unnest($versions::INTEGER[])) AND known_to < 'infinity'
"""

BOOKED: Final = """
    SELECT u.sub_account, u.user_id, v.starts_at, v.ends_at, v.known_from, a.booked_at, a.status
    FROM appointments a
    JOIN _kept.appointment_version v ON v.appointment_id = a.appointment_id AND v.starts_at = a.starts_at AND v.ends_at = a.ends_at
    JOIN _kept.account_user u ON u.user_key = v.user_key
    WHERE a.appointment_id = $appointment ORDER BY v.known_from LIMIT 1
"""
