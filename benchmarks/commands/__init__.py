"""The commands of the command line. Each imports heavy packages only when it is called."""
