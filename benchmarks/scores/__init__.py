"""Scores draws against what is known of their target: metrics, their noise floors and their errors."""
