"""Floor 2: registry, runner, metrics, tables, figures, leaderboard, CLI: the only floor with a clock, a disk, a screen."""
