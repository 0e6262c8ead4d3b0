"""Results for other programs: CSV, Parquet, LaTeX, ArviZ, and the archive of a release."""
