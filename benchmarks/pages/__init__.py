"""The leaderboard: generated Markdown pages."""
