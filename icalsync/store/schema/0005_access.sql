-- Who may look at the dashboard, who was invited to enter a password, and what was proposed. No password and no token stands here,
-- only what proves one: argon2id for passwords, SHA-256 for tokens of 256 random bits.

CREATE TABLE _kept.reader (
    name VARCHAR NOT NULL, role VARCHAR NOT NULL CHECK (role IN ('admin', 'support', 'analyst')),
    sub_accounts VARCHAR[],                     -- NULL: all
    password_hash VARCHAR NOT NULL, made_at TIMESTAMPTZ NOT NULL, last_sign_in_at TIMESTAMPTZ
);
-- Attempts in a row without a success, by name (whether or not there is one) and by where they come from (S11).
CREATE TABLE _kept.sign_in_failure (
    subject VARCHAR NOT NULL, failures INTEGER NOT NULL, last_at TIMESTAMPTZ NOT NULL, locked_until TIMESTAMPTZ
);
CREATE TABLE _kept.reader_session (
    token_hash VARCHAR NOT NULL, name VARCHAR NOT NULL, began_at TIMESTAMPTZ NOT NULL, seen_at TIMESTAMPTZ NOT NULL, ends_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE _kept.invitation (
    invitation_id VARCHAR NOT NULL, token_hash VARCHAR NOT NULL, user_key INTEGER NOT NULL,
    purpose VARCHAR NOT NULL CHECK (purpose IN ('connect', 'reconnect')),
    integration_id VARCHAR,                     -- NULL: any of the user's
    made_by VARCHAR NOT NULL, made_at TIMESTAMPTZ NOT NULL, expires_at TIMESTAMPTZ NOT NULL, used_at TIMESTAMPTZ, revoked_at TIMESTAMPTZ,
    claimed_until TIMESTAMPTZ,                  -- somebody is at it just now
    carry_hash VARCHAR, carry_until TIMESTAMPTZ -- what lets the invited person go on choosing calendars, once the link is used
);
-- What somebody who may not settle a drift would do; it settles nothing.
CREATE TABLE _kept.drift_proposal (
    drift_id VARCHAR NOT NULL, settlement VARCHAR NOT NULL CHECK (settlement IN ('accept', 'restore', 'keep')),
    proposed_by VARCHAR NOT NULL, proposed_at TIMESTAMPTZ NOT NULL, reason VARCHAR NOT NULL
);
