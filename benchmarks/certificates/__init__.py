"""What samplers and targets must pass before they may rank."""
