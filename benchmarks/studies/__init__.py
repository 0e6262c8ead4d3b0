"""Studies: computations whose numbers figures show, where rows do not hold them."""
