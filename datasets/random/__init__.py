"""Random measurements: Gaussian maps, coded diffraction patterns and structured random maps."""
