"""The report of `bridgemark advise`: one static HTML file with everything in it."""
