"""``make chaos``: the whole grid of faults, and thousands of seeded random schedules, against the same judge as the suite's."""
