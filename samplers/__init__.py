"""Sampling algorithms: `fit` and `sample`, pure functions of a random key that know no clock, disk or metric."""
