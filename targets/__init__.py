"""Targets: probability densities and what is known of them. They import JAX, NumPy and SciPy only."""
