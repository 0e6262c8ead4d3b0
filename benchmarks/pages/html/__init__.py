"""The page leaderboard.html: one static file that needs no network, and whose tables need no script."""
