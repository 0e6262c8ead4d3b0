"""Certificates: the checks that samplers and targets must pass before they may be ranked."""
