"""Floor 1: fit and sample. Imports `targets.base` and its own helpers; knows no clock, disk or metric."""
