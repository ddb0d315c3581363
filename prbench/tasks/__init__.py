"""The kinds of problem: one folder per task with its measurement, its own metrics and its declaration."""
