-- What a clock that is wrong must not bend: what a moment after its last reading means (R16), and how long a removal was held (R13, T12).

ALTER TABLE _kept.instant ADD COLUMN clock_at TIMESTAMPTZ;              -- what the clock said in the last writing transaction; NULL: not known

ALTER TABLE _kept.held_removal ADD COLUMN boot VARCHAR;                 -- of the machine that first held it; NULL: not known
ALTER TABLE _kept.held_removal ADD COLUMN ticks DOUBLE;                 -- then, in seconds of that machine's clock that never goes back
ALTER TABLE _kept.held_removal ADD COLUMN restarted BOOLEAN DEFAULT false;   -- its hour began anew once, because nobody had witnessed the time
