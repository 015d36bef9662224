-- Running for months: accounts that are in trouble, hosts that want patience, leases that outlive a clock, runs with a heartbeat,
-- calendars that are gone for good.

-- What an account's failed runs mean for its next one; no row: it is well. Its status is in integration_status_version.
CREATE TABLE _kept.account_standing (
    integration_key INTEGER NOT NULL, failures INTEGER NOT NULL, rejections INTEGER NOT NULL, first_rejected_at TIMESTAMPTZ,
    next_try_at TIMESTAMPTZ
);
-- A host that asked to be left alone, by all accounts that start there (H15).
CREATE TABLE _kept.host_hold (host VARCHAR NOT NULL, held_until TIMESTAMPTZ NOT NULL);

ALTER TABLE _kept.lease ADD COLUMN machine VARCHAR;         -- boot and process space the holder runs in; NULL: not known
ALTER TABLE _kept.lease ADD COLUMN process VARCHAR;         -- when the holder's process began, in that boot's ticks: a number may be given anew
ALTER TABLE _kept.lease ADD COLUMN expires_after DOUBLE;    -- seconds of that machine's clock that never goes back (T12)

ALTER TABLE _kept.sync_run ADD COLUMN heartbeat_at TIMESTAMPTZ;   -- when the run last showed that it lives
ALTER TABLE _kept.sync_run ADD COLUMN fence BIGINT;               -- of the lease it runs under
ALTER TABLE _kept.sync_run ADD COLUMN whole BOOLEAN DEFAULT true; -- whether it is about all of the account's calendars

-- Calendars that stayed out of reach for longer than their grace: their events no longer hold, and nothing is deleted (H6, C9).
CREATE TABLE _kept.calendar_tombstone (
    calendar_key INTEGER NOT NULL, lost_at TIMESTAMPTZ NOT NULL, forgotten_at TIMESTAMPTZ NOT NULL, objects BIGINT NOT NULL,
    returned_at TIMESTAMPTZ                     -- it came back, and was pulled anew
);
