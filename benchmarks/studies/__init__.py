"""Studies: computations whose numbers figures and pages show, where rows do not hold them."""
