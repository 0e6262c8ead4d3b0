"""The core of every path-space sampler, and what they share."""
