"""The figures of a paper: one file each, of the width of a column, with captions beside them."""
