"""Sampling algorithms: `fit` and `sample`, pure functions of a key that know no clock, disk or metric."""
