"""The public views, as design.md §4 lists them."""

from __future__ import annotations

import pytest

from icalsync.store.answers import VIEWS

MAKES_EACH_DATABASE = True

DOCUMENTED = {
    "sub_accounts": "sub_account, name, time_zone",
    "users": "sub_account, user_id, name, email, time_zone, person",
    "integrations": "integration_id, provider, account_name, status, status_reason, last_success_at",
    "connections": "sub_account, user_id, integration_id, connected_at, remote_change_policy",
    "calendars": "calendar_id, integration_id, display_name, color, href, access, selectable, not_selectable_reason, "
    "objects, last_synced_at",
    "calendar_roles": "sub_account, user_id, calendar_id, role",
    "opening_hours": "sub_account, user_id, weekly, weekly_from, buffer_before, buffer_after, slot_length, slot_step, "
    "notice, horizon, daily_limit",
    "policies": "sub_account, user_id, unanswered, unanswered_from, tentative, travel, all_day, unknown, push_detail, push_detail_from",
    "events": "calendar_id, href, uid, recurrence_id, summary, starts_at, ends_at, all_day, time_zone, status, transparency, "
    "participation, rrule, etag, origin, known_from",
    "occurrences": "sub_account, user_id, calendar_id, href, uid, recurrence_id, starts_at, ends_at, all_day, starts_on, ends_on, "
    "busyness, reason, known_from",
    "appointments": "appointment_id, sub_account, user_id, starts_at, ends_at, title, status, push_state, calendar_id, href, booked_at, "
    "cancelled_at, moved_from, forced",
    "blocked_slots": "blocked_slot_id, sub_account, user_id, starts_at, ends_at, note",
    "contacts": "contact_id, sub_account, name, email",
    "busy": "sub_account, user_id, starts_at, ends_at, source, reason, busyness, calendar_id, href, uid, recurrence_id, ref",
    "coverage": "sub_account, user_id, calendar_id, complete, state, reason, as_of, covered_from, covered_to",
    "double_bookings": "finding_id, sub_account, user_id, starts_at, ends_at, first_source, first_calendar_id, first_uid, first_ref, "
    "first_known_from, second_source, second_calendar_id, second_uid, second_ref, second_known_from, cause",
    "sync_runs": "run_id, integration_id, purpose, started_at, ended_at, requests, bytes, added, changed, removed, "
    "rejected, pushed, outcome, error_code",
    "sync_calendar_runs": "run_id, calendar_id, requests, bytes, added, changed, removed, rejected, outcome, error_code",
    "quarantine": "calendar_id, href, reason, first_seen_at, last_seen_at",
    "drift": "drift_id, appointment_id, calendar_id, kind, ours_starts_at, ours_ends_at, theirs_starts_at, theirs_ends_at, first_seen_at, "
    "settled_at, settlement",
    "outbox": "outbox_id, appointment_id, calendar_id, action, state, attempts, last_error, next_try_at, created_at",
    "alerts": "alert_id, kind, sub_account, user_id, integration_id, calendar_id, raised_at, cleared_at, says",
    "audit_log": "at, actor, action, object, reason",
}


@pytest.fixture
def columns(db):
    """View → column → (type, comment), from the catalogue."""
    with db.read() as tx:
        rows = tx.rows("FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal")
    found = {}
    for row in rows:
        found.setdefault(row["table_name"], {})[row["column_name"]] = (row["data_type"], row["comment"])
    return found


def test_every_documented_view_has_its_columns(columns):
    """None is missing, and no other view is public."""
    assert set(columns) == set(DOCUMENTED) == set(VIEWS)
    for view, documented in DOCUMENTED.items():
        assert [name for name in documented.split(", ") if name not in columns[view]] == []


def test_every_view_and_column_says_what_it_means(db, columns):
    """COMMENT ON, for analysts who look at the schema; instants and their ends say so."""
    with db.read() as tx:
        said = {row["view_name"]: row["comment"] for row in tx.rows("FROM duckdb_views() WHERE schema_name = 'main'")}
        macro = tx.value("SELECT comment FROM duckdb_functions() WHERE function_name = 'busy_as_of'")
    assert [view for view in VIEWS if not said.get(view)] == []
    assert "known" in macro
    assert [(view, name) for view, them in columns.items() for name, (_, comment) in them.items() if not comment] == []


def test_instants_are_timestamptz_everywhere(columns):
    """Whatever ends in _at, and what is known or covered from or to."""
    for view, them in columns.items():
        for name, (kind, _) in them.items():
            if name.endswith("_at") or name in {
                "at",
                "as_of",
                "known_from",
                "covered_from",
                "covered_to",
                "moved_from",
                "first_known_from",
            }:
                assert kind == "TIMESTAMP WITH TIME ZONE", (view, name)


def test_busy_as_of_has_the_columns_of_busy(db, columns):
    """The same, as known at t."""
    with db.read() as tx:
        frame = tx.frame("FROM busy_as_of(TIMESTAMPTZ '2100-01-01 00:00:00+00')")
    assert list(frame.columns) == list(columns["busy"])


def test_infinity_is_never_shown(chosen):
    """A moment that lasts is missing in every view, not the year 294247."""
    for view in VIEWS:
        frame = chosen.answers.view(view)
        for name in frame.select_dtypes("datetimetz").columns:
            assert not (frame[name].dropna().dt.year > 2200).any()
