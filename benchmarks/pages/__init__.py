"""What is read: the leaderboard, and what the command line prints."""
