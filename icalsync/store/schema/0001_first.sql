-- The first schema. Everything internal lives in "_kept"; the public views (views.sql) live in "main".
-- known_from and known_to are half-open and strictly increasing per transaction (R16); 'infinity' means: it still holds.
-- Identity tables never change and have keys; what changes has no key and no index (T8), and is closed and written anew, never rewritten.

CREATE SCHEMA _kept;

CREATE TABLE _kept.schema_migration (version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL);

CREATE TABLE _kept.meta (
    database_uuid VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retention_limit TIMESTAMPTZ NOT NULL,       -- nothing can be asked as known before it
    horizon_from TIMESTAMPTZ,                   -- recurring objects are expanded over [horizon_from, horizon_to)
    horizon_to TIMESTAMPTZ,
    stale_after INTERVAL NOT NULL,
    rules_version INTEGER NOT NULL              -- of the busy rules that filled "verdict"
);
CREATE TABLE _kept.instant (last_at TIMESTAMPTZ NOT NULL);      -- of the last writing transaction

-- people --------------------------------------------------------------------------------------------------------------------------

CREATE TABLE _kept.sub_account (sub_account_key INTEGER PRIMARY KEY, sub_account VARCHAR NOT NULL UNIQUE);
CREATE TABLE _kept.sub_account_version (
    sub_account_key INTEGER NOT NULL, name VARCHAR NOT NULL, time_zone VARCHAR NOT NULL,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.account_user (
    user_key INTEGER PRIMARY KEY, sub_account_key INTEGER NOT NULL, sub_account VARCHAR NOT NULL, user_id VARCHAR NOT NULL,
    UNIQUE (sub_account_key, user_id)
);
CREATE TABLE _kept.user_version (
    user_key INTEGER NOT NULL, name VARCHAR NOT NULL, email VARCHAR,
    time_zone VARCHAR,                          -- NULL: the sub-account's
    person VARCHAR,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);

-- integrations, connections, calendars --------------------------------------------------------------------------------------------

CREATE TABLE _kept.integration (
    integration_key INTEGER PRIMARY KEY, integration_id VARCHAR NOT NULL UNIQUE, provider VARCHAR NOT NULL,
    origin VARCHAR NOT NULL, principal VARCHAR NOT NULL, principal_key VARCHAR NOT NULL
);
CREATE TABLE _kept.integration_login (integration_key INTEGER NOT NULL, url VARCHAR NOT NULL, account VARCHAR NOT NULL, display_name VARCHAR);
CREATE TABLE _kept.integration_status_version (
    integration_key INTEGER NOT NULL, status VARCHAR NOT NULL, reason VARCHAR,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.integration_freshness (integration_key INTEGER NOT NULL, last_success_at TIMESTAMPTZ, discovered_at TIMESTAMPTZ);
CREATE TABLE _kept.home (integration_key INTEGER NOT NULL, position INTEGER NOT NULL, href VARCHAR NOT NULL);
CREATE TABLE _kept.address_set_version (
    address_set_key INTEGER NOT NULL, integration_key INTEGER NOT NULL, from_principal VARCHAR[] NOT NULL, by_person VARCHAR[] NOT NULL,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.connection_version (
    user_key INTEGER NOT NULL, integration_key INTEGER NOT NULL, connected_at TIMESTAMPTZ NOT NULL,
    remote_change_policy VARCHAR NOT NULL CHECK (remote_change_policy IN ('flag', 'accept', 'restore')),
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.calendar (
    calendar_key INTEGER PRIMARY KEY, calendar_id VARCHAR NOT NULL UNIQUE, integration_key INTEGER NOT NULL, path_key VARCHAR NOT NULL
);
CREATE TABLE _kept.calendar_version (
    calendar_key INTEGER NOT NULL, href VARCHAR NOT NULL, in_home BOOLEAN NOT NULL, display_name VARCHAR NOT NULL, color VARCHAR,
    access VARCHAR NOT NULL CHECK (access IN ('read', 'write')), not_selectable_reason VARCHAR,
    kinds VARCHAR[] NOT NULL, components VARCHAR[], privileges VARCHAR[], reports VARCHAR[],
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.calendar_state_version (
    calendar_key INTEGER NOT NULL, state VARCHAR NOT NULL CHECK (state IN ('never_pulled', 'ok', 'failing', 'access_lost')), reason VARCHAR,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.calendar_sync (
    calendar_key INTEGER NOT NULL, sync_token VARCHAR, listed_ctag VARCHAR, listed_token VARCHAR,
    reconciled_at TIMESTAMPTZ,                  -- when a full listing was last compared
    pulled_at TIMESTAMPTZ                       -- when a pull last ended; NULL: never
);
CREATE TABLE _kept.calendar_freshness (calendar_key INTEGER NOT NULL, last_synced_at TIMESTAMPTZ);
CREATE TABLE _kept.lease (
    integration_key INTEGER NOT NULL, holder VARCHAR NOT NULL, fence BIGINT NOT NULL, expires_at TIMESTAMPTZ NOT NULL,
    host VARCHAR NOT NULL, pid INTEGER NOT NULL
);

-- choices -------------------------------------------------------------------------------------------------------------------------

CREATE TABLE _kept.calendar_role_version (
    user_key INTEGER NOT NULL, calendar_key INTEGER NOT NULL, role VARCHAR NOT NULL CHECK (role IN ('LINKED', 'CONFLICT')),
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
-- What was chosen, at the level it was chosen: user_key NULL is the sub-account's default, calendar_key is for one calendar of a user.
CREATE TABLE _kept.policy_version (
    sub_account_key INTEGER NOT NULL, user_key INTEGER, calendar_key INTEGER, name VARCHAR NOT NULL, value VARCHAR NOT NULL,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.hours_version (
    sub_account_key INTEGER NOT NULL, user_key INTEGER, name VARCHAR NOT NULL, value VARCHAR NOT NULL,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
-- What follows from it, as the core's pure functions say it; kind is 'policy' or 'hours'.
CREATE TABLE _kept.effective_setting (
    sub_account_key INTEGER NOT NULL, user_key INTEGER, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, value VARCHAR, source VARCHAR NOT NULL,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
-- How one user reads one calendar: everything a verdict depends on besides the object.
CREATE TABLE _kept.calendar_reading (
    user_key INTEGER NOT NULL, calendar_key INTEGER NOT NULL, time_zone VARCHAR NOT NULL, address_set_key INTEGER NOT NULL,
    policy_key INTEGER NOT NULL, blocks BOOLEAN NOT NULL, linked BOOLEAN NOT NULL,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);

-- verdicts: the core decides, SQL looks up (R15) ------------------------------------------------------------------------------------

CREATE TABLE _kept.policy (policy_key INTEGER NOT NULL, unanswered VARCHAR NOT NULL, tentative VARCHAR NOT NULL, travel VARCHAR NOT NULL, all_day VARCHAR NOT NULL);
CREATE TABLE _kept.facts (
    facts_key INTEGER NOT NULL, readable BOOLEAN NOT NULL, transparency VARCHAR NOT NULL, status VARCHAR NOT NULL, participation VARCHAR NOT NULL,
    cdo VARCHAR NOT NULL, all_day BOOLEAN NOT NULL, zero_length BOOLEAN NOT NULL, travel BOOLEAN NOT NULL
);
CREATE TABLE _kept.verdict (facts_key INTEGER NOT NULL, policy_key INTEGER NOT NULL, own BOOLEAN NOT NULL, busyness VARCHAR NOT NULL, reason VARCHAR NOT NULL);

-- objects: a version per change; occurrences belong to a version and are never changed ----------------------------------------------

CREATE TABLE _kept.object_version (
    version_key INTEGER NOT NULL, calendar_key INTEGER NOT NULL, href VARCHAR NOT NULL, path_key VARCHAR NOT NULL, uid VARCHAR, etag VARCHAR,
    content_hash VARCHAR NOT NULL, kind VARCHAR NOT NULL,   -- 'event', 'rejected' or 'skipped' (no VEVENT in it)
    recurring BOOLEAN NOT NULL DEFAULT false, flags VARCHAR[],
    rejected_reason VARCHAR, unplaced BOOLEAN NOT NULL DEFAULT false,   -- rejected, and not even its time can be told
    own_user_key INTEGER, appointment_id VARCHAR, drifted BOOLEAN NOT NULL DEFAULT false,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.raw_text (version_key INTEGER NOT NULL, raw BLOB NOT NULL);
CREATE TABLE _kept.event (
    version_key INTEGER NOT NULL, component INTEGER NOT NULL, recurrence_id VARCHAR, summary VARCHAR NOT NULL, timing VARCHAR NOT NULL,
    starts_at TIMESTAMPTZ, ends_at TIMESTAMPTZ,             -- timing 'instant'
    starts_local TIMESTAMP, ends_local TIMESTAMP,           -- timing 'floating' (wall time) and 'date' (midnight)
    time_zone VARCHAR, transparency VARCHAR NOT NULL, status VARCHAR NOT NULL, cdo VARCHAR NOT NULL, rrule VARCHAR
);
CREATE TABLE _kept.attendee (version_key INTEGER NOT NULL, component INTEGER NOT NULL, address VARCHAR NOT NULL, participation VARCHAR NOT NULL);
CREATE TABLE _kept.event_participation (
    version_key INTEGER NOT NULL, component INTEGER NOT NULL, address_set_key INTEGER NOT NULL, participation VARCHAR NOT NULL
);
CREATE TABLE _kept.occurrence (
    calendar_key INTEGER NOT NULL, version_key INTEGER NOT NULL, instance INTEGER NOT NULL, component INTEGER NOT NULL, recurrence_id VARCHAR,
    zone VARCHAR,                               -- NULL: an instant, the same in every zone
    address_set_key INTEGER,                    -- NULL: no attendees, the same for every address set
    starts_at TIMESTAMPTZ NOT NULL, ends_at TIMESTAMPTZ NOT NULL,
    starts_local TIMESTAMP, ends_local TIMESTAMP,           -- wall times the instants were made from, where zone is not NULL
    facts_key INTEGER NOT NULL
);
CREATE TABLE _kept.quarantine (
    calendar_key INTEGER NOT NULL, path_key VARCHAR NOT NULL, href VARCHAR NOT NULL, version_key INTEGER NOT NULL, reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL, first_seen_at TIMESTAMPTZ NOT NULL, last_seen_at TIMESTAMPTZ NOT NULL, healed_at TIMESTAMPTZ
);
CREATE TABLE _kept.read_with (name VARCHAR PRIMARY KEY, mark VARCHAR NOT NULL);   -- a zone's rules, or the reader: what objects were read with (D26)
CREATE TABLE _kept.held_removal (calendar_key INTEGER NOT NULL, path_key VARCHAR NOT NULL, first_held_at TIMESTAMPTZ NOT NULL);

-- runs ----------------------------------------------------------------------------------------------------------------------------

CREATE TABLE _kept.sync_run (
    run_id VARCHAR NOT NULL, integration_key INTEGER NOT NULL, purpose VARCHAR NOT NULL, started_at TIMESTAMPTZ NOT NULL, ended_at TIMESTAMPTZ,
    requests BIGINT NOT NULL, bytes BIGINT NOT NULL, added BIGINT NOT NULL, changed BIGINT NOT NULL, removed BIGINT NOT NULL,
    rejected BIGINT NOT NULL, pushed BIGINT NOT NULL, outcome VARCHAR NOT NULL, error_code VARCHAR,
    fresh INTEGER[] NOT NULL                    -- calendar_key of each calendar it found clean and up to date
);
CREATE TABLE _kept.sync_calendar_run (
    run_id VARCHAR NOT NULL, calendar_key INTEGER NOT NULL, requests BIGINT NOT NULL, bytes BIGINT NOT NULL, added BIGINT NOT NULL,
    changed BIGINT NOT NULL, removed BIGINT NOT NULL, rejected BIGINT NOT NULL, outcome VARCHAR NOT NULL, error_code VARCHAR
);

-- the system's own side -----------------------------------------------------------------------------------------------------------

CREATE TABLE _kept.appointment_version (
    appointment_id VARCHAR NOT NULL, user_key INTEGER NOT NULL, starts_at TIMESTAMPTZ NOT NULL, ends_at TIMESTAMPTZ NOT NULL,
    title VARCHAR NOT NULL, status VARCHAR NOT NULL, push_state VARCHAR, calendar_key INTEGER, href VARCHAR, contact_id VARCHAR,
    booked_at TIMESTAMPTZ NOT NULL, cancelled_at TIMESTAMPTZ, moved_from TIMESTAMPTZ, forced BOOLEAN NOT NULL DEFAULT false,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.blocked_slot_version (
    blocked_slot_id VARCHAR NOT NULL, user_key INTEGER NOT NULL, starts_at TIMESTAMPTZ NOT NULL, ends_at TIMESTAMPTZ NOT NULL, note VARCHAR,
    known_from TIMESTAMPTZ NOT NULL, known_to TIMESTAMPTZ NOT NULL DEFAULT 'infinity'
);
CREATE TABLE _kept.contact (contact_id VARCHAR NOT NULL, sub_account_key INTEGER NOT NULL, name VARCHAR NOT NULL, email VARCHAR);
CREATE TABLE _kept.outbox (
    outbox_id VARCHAR NOT NULL, appointment_id VARCHAR NOT NULL, calendar_key INTEGER NOT NULL, action VARCHAR NOT NULL, state VARCHAR NOT NULL,
    attempts INTEGER NOT NULL, last_error VARCHAR, next_try_at TIMESTAMPTZ, created_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE _kept.drift (
    drift_id VARCHAR NOT NULL, appointment_id VARCHAR NOT NULL, calendar_key INTEGER NOT NULL, kind VARCHAR NOT NULL,
    ours_starts_at TIMESTAMPTZ, ours_ends_at TIMESTAMPTZ, theirs_starts_at TIMESTAMPTZ, theirs_ends_at TIMESTAMPTZ,
    first_seen_at TIMESTAMPTZ NOT NULL, settled_at TIMESTAMPTZ, settlement VARCHAR
);
CREATE TABLE _kept.alert (
    alert_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, sub_account_key INTEGER, user_key INTEGER, integration_key INTEGER, calendar_key INTEGER,
    raised_at TIMESTAMPTZ NOT NULL, cleared_at TIMESTAMPTZ, says VARCHAR NOT NULL
);
CREATE TABLE _kept.audit_log ("at" TIMESTAMPTZ NOT NULL, actor VARCHAR NOT NULL, action VARCHAR NOT NULL, object VARCHAR NOT NULL, reason VARCHAR);
