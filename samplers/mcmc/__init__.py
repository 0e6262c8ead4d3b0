"""Parts shared by samplers that run Markov chains."""
