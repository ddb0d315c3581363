"""Blind deblurring by two untrained networks, one for the image and one for the kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.core.learned import layout, on_backend
from prbench.core.network_size import size_of_all
from prbench.tasks.deblur import BlurredImage

from ..networks.skip import SkipNetwork
from ._scales import Scales
from ._similarity import structural_similarity
from ._variation import gradient_lengths, padded
from .edges_tv import sharpened

_HALVED_AT = (0.4, 0.6, 0.8)
"""Parts of the run at which the learning rates are halved: the published 2000, 3000 and 4000 of 5000 steps."""

_EMPTY = 1e-4
"""What a kernel's zero starts as, as a part of its largest value: a softmax is nowhere zero."""

_CHECK_EVERY = 16


@dataclass(eq=False)
class Networks:
    """The state.

    Attributes:
        image: network of the image.
        kernel: network of the kernel's logarithm, up to a constant.
        seen: input of the image's network, (1, channels, *object_shape).
        code: input of the kernel's network.
        optimiser: of both, the image's group first.
        generator: of the jitter.
        low, span: the image lies between ``low`` and ``low + span``.
        scales: of the blurred image.
        rates: first learning rates.
        first: what the image's network adds to before the sigmoid, where something is known.
        mean: exponential average of the images so far; None before the first step.
        steps: taken.
        misfit: mean squared misfit at the last check.
    """

    image: nn.Module
    kernel: nn.Module
    seen: torch.Tensor
    code: torch.Tensor
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    low: float
    span: float
    scales: Scales
    rates: tuple[float, float]
    first: torch.Tensor | None
    mean: torch.Tensor | None = None
    steps: int = 0
    misfit: float = math.inf

    def picture(self, seen: torch.Tensor) -> torch.Tensor:
        """The image (*object_shape) that the network makes of an input."""
        drawn: torch.Tensor = self.image(seen)[0, 0]
        return self.low + self.span * torch.sigmoid(drawn if self.first is None else self.first + drawn)

    def blur_kernel(self, y: BlurredImage) -> torch.Tensor:
        """The kernel (*kernel_shape)."""
        result: torch.Tensor = torch.softmax(self.kernel(self.code), dim=0).reshape(y.kernel_shape)
        return result


@register(
    "double-dip-deblur",
    task="deblur",
    cite="Ren, Zhang, Wang, Hu, Zuo, CVPR 2020, arXiv:1908.02197; Zhuang, Li, Wang, Sun, arXiv:2208.09483",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DoubleDipDeblur(IterativeSolver[BlurredImage, Networks]):
    """A network with skip connections makes the image, a small fully connected one with a softmax the kernel; both are fitted.

    As published, with ``warm=false``, the fit begins from noise and a flat kernel and takes thousands of steps. By default it
    begins warm and takes a hundred: with a kernel estimated from the image's edges, from coarse to fine, and the image of least
    total variation that this kernel explains. The image's network then sees that image and the blurred one beside noise and adds
    to the first. On small images nearly all of the gain comes from the warm start. The total variation in proportion to the
    noise, an average over the last images and an end where the misfit is the noise keep noise out.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch",)

    iterations: int = setting(150, valid="[1, inf)", range=(50, 5000), log=True, doc="steps at most")
    warm: bool = setting(True, doc="begin with a kernel estimated from edges and the image that it explains")
    image_rate: float = setting(1e-2, valid="(0, 1]", range=(1e-3, 3e-2), log=True, doc="learning rate of the image's network")
    kernel_rate: float = setting(1e-4, valid="(0, 1]", range=(1e-5, 1e-3), log=True, doc="learning rate of the kernel's network")
    hold: float = setting(0.3, valid="[0, 1]", range=(0, 1), doc="part of the steps for which a kernel begun warm is held")
    variation: float = setting(
        0.5, valid="[0, inf)", range=(0, 2), doc="weight of the total variation; 1: that of gradients as in the blurred image"
    )
    similarity_from: float = setting(1.0, valid="[0, 1]", range=(0.3, 1), doc="part of the steps from which 1 - SSIM is the loss")
    channels: int = setting(8, valid="[1, 1024]", range=(4, 64), doc="of the finest scale; doubled with each, up to 8 times")
    scales: int = setting(
        5, valid="[1, 8]", range=(3, 5), doc="resolutions of the image's network below the image's; fewer in small images"
    )
    jitter: float = setting(
        1e-3, valid="[0, 1]", range=(0, 0.03), doc="standard deviation of what is added to the input each step"
    )
    averaging: float = setting(0.97, valid="[0, 1)", range=(0.9, 0.99), doc="part of the average image that a step keeps")

    example: ClassVar[dict[str, object]] = {"iterations": 40, "channels": 4, "scales": 2}
    largest_widening: ClassVar[int] = 8
    """Channels of the coarsest scales over those of the finest."""
    skip_channels: ClassVar[int | None] = None
    """Of the image's network; as of its finest scale where None."""
    code: ClassVar[int] = 64
    hidden: ClassVar[int] = 256
    """Inputs and hidden units of the kernel's network."""

    def network_size(self, y: BlurredImage) -> tuple[int, int]:
        """Of both networks together."""
        inputs = _INPUTS + (2 if self.warm else 0)
        shapes = (1, inputs, *y.object_shape), (self.code,)
        return size_of_all(
            lambda: zip((one.to(torch.float32) for one in self._networks(y, 0, inputs, None)), shapes, strict=True)
        )

    def total_iterations(self, y: BlurredImage) -> int:  # noqa: ARG002 - the same for every measurement
        """Largest number of steps."""
        return self.iterations

    def init(self, y: BlurredImage, rng: Rng) -> Networks:
        """Fresh networks, and the kernel's estimate."""
        sizes = Scales.of(y)
        kernel, first = sharpened(y, sizes) if self.warm else (None, None)
        seed = int(rng.integers(2**62))
        generator = torch.Generator(y.image.device).manual_seed(seed)
        noisy = torch.rand((_INPUTS, *y.object_shape), generator=generator, dtype=y.image.dtype, device=y.image.device)
        inputs = [0.1 * noisy]
        if first is not None:
            middle = sizes.least + sizes.span / 2
            inputs.append((torch.stack([padded(y.image, y.kernel_shape), first]) - middle) / sizes.span)
        seen = torch.cat(inputs)[None]
        image, network = self._networks(y, seed, seen.shape[1], kernel)
        low, high = sizes.least - 0.25 * sizes.span, sizes.most + 0.25 * sizes.span
        low = 0.0 if low < 0 <= sizes.least + 3 * sizes.noise else low
        if first is not None:
            first = torch.logit(((first - low) / (high - low)).clamp(_EMPTY, 1 - _EMPTY))
        optimiser = torch.optim.Adam([{"params": list(image.parameters())}, {"params": list(network.parameters())}])
        code = torch.rand(self.code, generator=generator, dtype=y.image.dtype, device=y.image.device)
        return Networks(
            image,
            network,
            seen.contiguous(memory_format=layout(seen)),
            code,
            optimiser,
            generator,
            low,
            high - low,
            sizes,
            (self.image_rate, self.kernel_rate),
            first,
        )

    def _networks(self, y: BlurredImage, seed: int, inputs: int, kernel: torch.Tensor | None) -> tuple[nn.Module, nn.Module]:
        """Fresh networks of image and kernel; the second answers ``kernel`` at first, where there is one."""
        scales = max(1, min(self.scales, int(math.log2(min(y.object_shape))) - 1))  # the coarsest has some pixels
        widths = tuple(self.channels * min(2**n, self.largest_widening) for n in range(scales))
        count = math.prod(y.kernel_shape)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            skip = self.channels if self.skip_channels is None else self.skip_channels
            image = SkipNetwork(2, inputs, 1, channels=widths, scales=scales, skip_channels=skip, upsample="linear")
            network = nn.Sequential(nn.Linear(self.code, self.hidden), nn.ReLU(), nn.Linear(self.hidden, count))
        if kernel is not None:
            last = network[2]
            assert isinstance(last, nn.Linear)
            for tensor in (last.weight, *image.out.parameters()):
                nn.init.zeros_(tensor)
            with torch.no_grad():
                last.bias.copy_(torch.log(kernel.clamp(min=_EMPTY * float(kernel.max()))).flatten())
        return on_backend(image.to(y.backend.real), y.backend), network.to(device=y.backend.device, dtype=y.backend.real)

    def step(self, y: BlurredImage, state: Networks) -> Networks:
        """One step of Adam on both networks."""
        self._set_rates(state)
        shaken = state.seen
        if self.jitter:
            shaken = shaken + self.jitter * torch.randn(
                shaken.shape, generator=state.generator, dtype=shaken.dtype, device=shaken.device
            )
        state.optimiser.zero_grad()
        picture = state.picture(shaken)
        expected = y.blur(picture, state.blur_kernel(y))
        loss, misfit = self._loss(y, state, picture, expected)
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimiser.step()
        y.counters.add_passes(1, gradient=True)
        with torch.no_grad():
            if state.mean is None:
                state.mean = picture.detach().clone()
            else:
                state.mean.mul_(self.averaging).add_(picture.detach(), alpha=1 - self.averaging)
        if state.steps % _CHECK_EVERY == 0:
            state.misfit = float(misfit.detach())
        state.steps += 1
        return state

    def _set_rates(self, state: Networks) -> None:
        done = state.steps / self.iterations
        fall = 0.5 ** sum(done >= part for part in _HALVED_AT)
        rates = state.rates[0], 0.0 if self._held(state) else state.rates[1]
        for group, rate in zip(state.optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * fall

    def _held(self, state: Networks) -> bool:
        return self.warm and state.steps < self.hold * self.iterations

    def _loss(
        self, y: BlurredImage, state: Networks, picture: torch.Tensor, expected: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss, and the mean squared misfit over measured pixels."""
        if y.mask is not None:
            expected = torch.where(y.mask, expected, y.image)
        misfit = (expected - y.image).square().mean()
        if y.mask is not None:
            misfit = misfit / y.mask.to(misfit.dtype).mean()
        # In units of the image's range, so that Adam's epsilon means the same for every image.
        loss = misfit / state.span**2
        if state.steps >= self.similarity_from * self.iterations:
            loss = 1 - structural_similarity(expected / state.span, y.image / state.span)
        if self.variation:
            weight = 2 * self.variation * state.scales.noise**2 / max(state.scales.roughness, 1e-6 * state.span)
            loss = loss + weight * gradient_lengths(picture, state.span).mean() / state.span**2
        return loss, misfit

    def finished(self, y: BlurredImage, state: Networks) -> bool:  # noqa: ARG002 - the contract
        """When both networks have been fitted and the misfit is no more than the noise: from there on noise would be fitted."""
        return not self._held(state) and state.misfit < state.scales.noise**2

    def estimate(self, y: BlurredImage, state: Networks) -> Reconstruction:
        """The average image and the kernel."""
        y.counters.add_passes(1)
        with torch.no_grad():
            image = state.picture(state.seen) if state.mean is None else state.mean.clone()
            return Reconstruction(image=image, kernel=state.blur_kernel(y), aux={"noise_sigma": state.scales.noise})

    def residual(self, y: BlurredImage, state: Networks) -> float:
        """Relative misfit of the blurred image."""
        result = self.estimate(y, state)
        return float(y.residual(result.image, result.kernel))


_INPUTS = 8
"""Channels of noise that the image's network sees."""
