"""What Markov chains share."""
