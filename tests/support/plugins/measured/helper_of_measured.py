"""What the plug-in beside this file imports."""

SD = 0.5
