"""How rows join the published ones: which may, how they are sent in, and how they are run again."""
