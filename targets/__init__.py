"""Floor 0: densities and what is known of them. Imports jax and numpy only."""
