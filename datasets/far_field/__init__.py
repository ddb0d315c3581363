"""Problems of coherent diffraction imaging, simulated and measured."""
