"""Sweeps: plan the rows of a grid, and run those that are missing in processes of their own."""
