"""What samplers along base^(1-b) target^b share."""
