"""What the command line prints besides progress."""
