"""What samplers of several families share."""
