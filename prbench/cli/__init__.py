"""The command line: a thin file a verb."""
