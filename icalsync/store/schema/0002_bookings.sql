-- The system's own side: what was written where, what is to be written, and what people made of it (R4, R8, R11, R14).
-- Where an appointment's event lies, and how far it is written, is derived from these tables; appointment_version holds what was booked.

ALTER TABLE _kept.appointment_version ADD COLUMN sequence INTEGER DEFAULT 0;      -- RFC 5545 3.8.7.4: grows with each change
ALTER TABLE _kept.appointment_version ADD COLUMN changed_at TIMESTAMPTZ;          -- LAST-MODIFIED
ALTER TABLE _kept.appointment_version ADD COLUMN changed_by VARCHAR DEFAULT 'system';   -- 'calendar': a change made there was accepted (R11)
ALTER TABLE _kept.appointment_version ADD COLUMN uncertain BOOLEAN DEFAULT false; -- booked although something was not known (R12, R14)

-- Each event ever planned for an appointment, by generation; recognised for ever (R11).
CREATE TABLE _kept.own_object (
    appointment_id VARCHAR NOT NULL, generation INTEGER NOT NULL, user_key INTEGER NOT NULL, calendar_key INTEGER NOT NULL,
    uid VARCHAR NOT NULL, href VARCHAR NOT NULL, path_key VARCHAR NOT NULL,
    live BOOLEAN NOT NULL,                      -- the generation that stands for the appointment: one of them
    state VARCHAR NOT NULL,                     -- 'planned', 'present', 'returned' (superseded, and turned up), 'gone', 'detached' (no longer ours)
    sending_since TIMESTAMPTZ,                  -- a PUT was begun, and nothing was heard since
    doubtful_since TIMESTAMPTZ,                 -- a PUT was sent, and what became of it is not known (H18)
    confirmed_at TIMESTAMPTZ,                   -- when it was last found, or written, as ours
    puts INTEGER NOT NULL, puts_for INTEGER,    -- PUTs that were made for one sequence (P14)
    planned_at TIMESTAMPTZ NOT NULL
);
-- Texts that are known, by fingerprint: 'open' (sent, perhaps there), 'confirmed' (there), 'past' (was there, under that ETag),
-- 'overwrite' (a person said to write over it), 'kept' (a person said to let it stand).
CREATE TABLE _kept.own_text (
    appointment_id VARCHAR NOT NULL, generation INTEGER NOT NULL, fingerprint VARCHAR NOT NULL, standing VARCHAR NOT NULL, etag VARCHAR
);
-- A calendar whose server does not say, and that a person declared writable (R3).
CREATE TABLE _kept.assumed_writable (calendar_key INTEGER NOT NULL, since TIMESTAMPTZ NOT NULL);

ALTER TABLE _kept.outbox ADD COLUMN number BIGINT;          -- their order
ALTER TABLE _kept.outbox ADD COLUMN generation INTEGER;     -- NULL: the live one, whichever that is when it is sent
ALTER TABLE _kept.outbox ADD COLUMN parked_at TIMESTAMPTZ;
ALTER TABLE _kept.outbox ADD COLUMN sending_generation INTEGER;   -- which one was being sent

ALTER TABLE _kept.drift ADD COLUMN generation INTEGER;
ALTER TABLE _kept.drift ADD COLUMN href VARCHAR;            -- where it lies, or lay
ALTER TABLE _kept.drift ADD COLUMN fingerprint VARCHAR;     -- of the version that is settled
-- The remote texts a drift was seen with: never lost before it is settled (R11, P5).
CREATE TABLE _kept.drift_text (drift_id VARCHAR NOT NULL, fingerprint VARCHAR NOT NULL, seen_at TIMESTAMPTZ NOT NULL, raw BLOB NOT NULL);

ALTER TABLE _kept.alert ADD COLUMN subject VARCHAR;         -- what exactly, where the keys do not say it: an appointment, a count
