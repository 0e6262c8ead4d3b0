"""Path-space samplers: reference chains, learnt controls, path weights, losses and their training."""
