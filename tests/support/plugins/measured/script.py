"""What the plug-in beside this file executes."""

LARGE = 1e6
