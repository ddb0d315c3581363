"""Problems of speckle-based imaging, simulated and measured."""
