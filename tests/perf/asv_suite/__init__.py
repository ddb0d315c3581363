"""Benchmarks that asv follows over commits. asv imports this folder alone; what it shares with the others lies beside it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
