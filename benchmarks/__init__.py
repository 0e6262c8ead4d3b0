"""Floor 2: the only one with a clock, a disk and a screen. Runs, judges, tabulates, draws, talks."""
