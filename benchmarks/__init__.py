"""The benchmark: it runs samplers on targets, scores and stores the results, and reports them.

This package alone reads the clock, the disk and the screen.
"""
