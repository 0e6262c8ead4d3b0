"""Parts shared by samplers that anneal from the base to the target along base^(1-b) target^b."""
