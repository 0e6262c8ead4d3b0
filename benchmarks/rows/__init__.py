"""Rows: what is stored of one run, what identifies it, what it cost, and where it was made and is stored."""
