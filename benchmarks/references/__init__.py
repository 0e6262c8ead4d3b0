"""Truths that no closed form gives, and densities that have none."""
