"""Tempered SMC with Langevin moves: HMC of one leapfrog step is MALA."""

from samplers.smc import SMC

# Ten transitions cost what the two of `smc` do; .574 is MALA's optimal rate (Roberts and Rosenthal 1998).
SAMPLERS = {"mala-smc": SMC(transitions=10, leapfrog_steps=1, acceptance=0.574)}
