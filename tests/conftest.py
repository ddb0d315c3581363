"""What all tests share."""

from hypothesis import settings

settings.register_profile("prbench", deadline=None)  # the first example of a law may compile a loop
settings.load_profile("prbench")
