"""Stored rows made into tables, intervals, ranks, curves and comparisons."""
