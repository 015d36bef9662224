-- The causes of double bookings, for every combination of facts: the core decides, SQL looks up (R15).
CREATE TABLE _kept.audit_cause (facts_key INTEGER NOT NULL, cause VARCHAR NOT NULL);
