"""What all tests share."""

import os

# Arrays here are small: a second thread gains nothing, and where something else runs, threads that wait for each other at every
# step of a small network cost minutes. Set before torch is imported, and inherited by the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import settings

settings.register_profile("prbench", deadline=None)  # the first example of a law may compile a loop
settings.load_profile("prbench")
