"""Contestants: one folder each, with a declaration, pinned requirements, and an adapter that runs in the program's own Python.

No adapter is imported here, and none holds any of the program's code.
"""
