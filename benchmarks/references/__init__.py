"""Makes references: truths that no closed form gives, from long runs of several methods that must agree."""
