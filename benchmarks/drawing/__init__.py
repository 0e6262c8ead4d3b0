"""What is looked at: every figure."""
