-- Whom a line of the audit log concerns, written with it: who reads it later must not depend on what an id belongs to by then.

ALTER TABLE _kept.audit_log ADD COLUMN sub_accounts VARCHAR[];      -- those concerned; empty: none in particular; NULL: an older line, not known
ALTER TABLE _kept.audit_log ADD COLUMN actor_limit VARCHAR[];       -- the sub-accounts the actor was limited to then; NULL: none

-- When the last attempt but one failed: one that succeeds after all leaves the others' as old as they were (S11).
ALTER TABLE _kept.sign_in_failure ADD COLUMN before_at TIMESTAMPTZ;
