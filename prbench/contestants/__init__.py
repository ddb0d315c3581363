"""Contestants: programs of other people on the bench, each in a process and an environment of its own."""
