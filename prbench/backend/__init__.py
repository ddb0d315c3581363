"""Array libraries and devices behind one small surface: FFT, fused formulas, clock, counters, threads."""

from .backend import BACKENDS, Array, Backend, Precision, fft_pair_seconds, fft_pair_times, get_backend, library_pair
from .clock import Clock, processor_seconds
from .counters import Counters
from .heap import keep_freed_memory
from .pointwise import Pointwise, forms_compiled, pointwise
from .processes import each
from .threads import free_cores, get_threads, physical_cores, set_threads

__all__ = [
    "BACKENDS",
    "Array",
    "Backend",
    "Clock",
    "Counters",
    "Pointwise",
    "Precision",
    "each",
    "fft_pair_seconds",
    "fft_pair_times",
    "forms_compiled",
    "get_backend",
    "free_cores",
    "get_threads",
    "keep_freed_memory",
    "library_pair",
    "physical_cores",
    "pointwise",
    "processor_seconds",
    "set_threads",
]
