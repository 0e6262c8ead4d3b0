"""Cells run: what is missing, in processes of their own, timed phase by phase."""
