"""What a user's editor must understand: pyright reports no error here where prbench is installed as the README says."""

import prbench
from prbench.algorithms.far_field.hio import HybridInputOutput

solution = prbench.solve(HybridInputOutput(beta=0.8), prbench.FarField([[1.0]]))
