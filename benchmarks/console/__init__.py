"""What the command line prints, besides the progress of a sweep."""
