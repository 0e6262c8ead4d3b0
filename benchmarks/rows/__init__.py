"""A row: its fields, its identity, its budget, where it was made and where it is kept."""
