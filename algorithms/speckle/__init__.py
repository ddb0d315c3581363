"""Speckle-based imaging: solvers of ``I_s(r) = T(r) I_r(r - d(r))``, some with the blur of a dark field."""
