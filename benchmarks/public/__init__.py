"""bridgemark."""
