"""What a set of draws is worth: every metric, with its noise floor and its error."""
