"""Draws that other programs made: read, scored and stored; and targets described for those programs."""
