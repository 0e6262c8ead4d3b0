"""The ledger of published claims about densities of the registry, with verdicts and their evidence."""
