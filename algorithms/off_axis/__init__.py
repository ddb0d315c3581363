"""Off-axis holography: from one interferogram to the unwrapped phase without the aberrations of the optics."""
