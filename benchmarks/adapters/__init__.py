"""Models that were written elsewhere, in JAX, NumPy, NumPyro, PyMC or Stan, as densities on R^dim."""
