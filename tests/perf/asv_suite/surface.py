"""Scores of surfaces and of the look of phases: seconds per frame."""

from kernels_surface import look, surface


class Surface:
    """Height, mesh and their scores; a frame of 440 pixels is due in half a second."""

    params = ([128, 440], [0.25, 3.0])
    param_names = ("side", "turns")

    def setup(self, side, turns):
        self.run = surface(side, turns)
        self.run()

    def time_surface(self, side, turns):
        self.run()


class Look:
    """BRISQUE and NIQE."""

    params = (["brisque", "niqe"], [256, 440])
    param_names = ("judge", "side")

    def setup(self, judge, side):
        self.run = look(judge, side)

    def time_look(self, judge, side):
        self.run()
