"""A decoder whose stages are fed by any set of links, the one that holds them all for a search, and the form used when trained.

Wu, Zhang, Huang, ICCV 2019, 6767, arXiv:1904.07642 (SparseMask)::

    D_l = BN( sum_t w_t Up( BN_t( Conv1x1( ReLU6(t) ) ) ) )        in the search
    D_l = BN( sum_t Up( Conv1x1( ReLU6(t) ) ) )                    in the network found, trained anew

``Up`` (bilinear) and a 1x1 convolution commute, and so do ``Up`` and a sum: convolutions are taken at the resolution of their
source, what comes at one resolution is added there, and each sum is resized once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from prbench.errors import BadInput

from .links import POOL, STAGES, Links
from .mobilenet_v2 import STRIDES, TAPS

WIDTH = 64
"""Channels of every stage, as published."""

NOISE = 0.1
"""Standard deviation of the noise on the weights of links during a search."""

LARGEST = 2.0
"""Upper end of the interval that the weights of links are kept in; they start in its middle."""

THRESHOLD = 1e-3
"""A link whose weight is at most this fraction of the largest is dropped."""


def stride_of(source: str) -> int:
    """How much coarser than the image a source is; 0 for the pool, which has one pixel."""
    return 0 if source == POOL else STRIDES[int(source[1:]) - 1]


class SparseDecoder(nn.Module):
    """The decoder of given links.

    Args:
        links: at least one of them feeds D1.
        channels: of the nine features.
        width: of each stage.

    Raises:
        BadInput: where no link feeds D1.
    """

    def __init__(self, links: Links, channels: Sequence[int] = TAPS, width: int = WIDTH) -> None:
        super().__init__()
        if "D1" not in links.table:
            raise BadInput("no link feeds D1, the last stage of the decoder; there is nothing that it could answer")
        self.table = links.table
        self.width = width
        self.channels = {f"E{i + 1}": count for i, count in enumerate(channels)} | {POOL: channels[-1]}
        self.channels |= {f"D{i}": width for i in range(1, STAGES + 1)}
        self.convolutions = nn.ModuleDict(
            {f"{d}_{s}": nn.Conv2d(self.channels[s], width, 1, bias=False) for d, s in _pairs(self.table)}
        )
        self.norms = nn.ModuleDict({stage: self._norm() for stage in self.table})
        for convolution in self.convolutions.values():
            assert isinstance(convolution, nn.Conv2d)
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out")

    def forward(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        """The features from fine to coarse to ReLU6(D1), (B, width, H / 2, W / 2)."""
        sources = rectified(features)
        for stage, fed_by in self.table.items():
            terms = [(stride_of(source), self.term(stage, source, sources[source])) for source in fed_by]
            result = self.norms[stage](resized_sum(terms, stride_of(stage), _shape(features, stage)))
            sources[stage] = nn.functional.relu6(result, inplace=True)
        return sources["D1"]

    def term(self, stage: str, source: str, x: torch.Tensor) -> torch.Tensor:
        """What a source gives to a stage, at the source's own resolution."""
        result: torch.Tensor = self.convolutions[f"{stage}_{source}"](x)
        return result

    def _norm(self) -> nn.Module:
        return nn.BatchNorm2d(self.width)


class SuperDecoder(SparseDecoder):
    """The decoder with all 90 links, each with a weight in [0, 2] that starts at 1.

    No norm has a scale of its own, which could stand for the weight of a link. In training every pass adds noise to the weights.
    """

    def __init__(self, channels: Sequence[int] = TAPS, width: int = WIDTH) -> None:
        super().__init__(Links.full(), channels, width)
        self.link_norms = nn.ModuleDict({name: self._norm() for name in self.convolutions})
        self.link_weights = nn.ParameterDict({stage: nn.Parameter(torch.ones(len(fed))) for stage, fed in self.table.items()})
        self.drawn: dict[str, torch.Tensor] = {}
        self.passes: torch.Tensor
        self.register_buffer("passes", torch.zeros((), dtype=torch.int64))

    def forward(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        """As :meth:`SparseDecoder.forward`; ``drawn`` then holds the weights used, ``passes`` counts those in training."""
        if self.training:
            self.passes += 1
        self.drawn = {stage: self._draw(weights) for stage, weights in self.link_weights.items()}
        return super().forward(features)

    def term(self, stage: str, source: str, x: torch.Tensor) -> torch.Tensor:
        """Normalised and weighted."""
        weight = self.drawn[stage][self.table[stage].index(source)]
        result: torch.Tensor = weight * self.link_norms[f"{stage}_{source}"](super().term(stage, source, x))
        return result

    def strong_links(self) -> Links:
        """The links above the threshold, before any rule about stages."""
        pairs = {
            (stage, source)
            for stage, fed_by in self.table.items()
            for source, weight in zip(fed_by, self.link_weights[stage].tolist(), strict=True)
            if weight / LARGEST > THRESHOLD
        }
        return Links(frozenset(pairs))

    def clamp(self) -> None:
        """Put weights that have left [0, 2] back on its ends; without gradients."""
        for weights in self.link_weights.values():
            weights.clamp_(0.0, LARGEST)

    def _draw(self, weights: torch.Tensor) -> torch.Tensor:
        noise = NOISE * torch.randn_like(weights) if self.training else torch.zeros_like(weights)
        return (weights + noise).clamp(0.0, LARGEST)

    def _norm(self) -> nn.Module:
        return nn.BatchNorm2d(self.width, affine=False)


def sparsity_loss(stages: Iterable[torch.Tensor]) -> torch.Tensor:
    """What makes the weights of links few and either 0 or 2, of every stage, added up.

    With w the weights of a stage halved, n their number, m their mean and ``a = min(2 / n, 0.5)``: the mean of
    ``-w log w - (1 - w) log(1 - w)``, least where every weight is 0 or 1, and ``-a log m - (1 - a) log(1 - m)``, least where
    their mean is that of two links kept.
    """
    total: torch.Tensor | None = None
    for weights in stages:
        w = weights / LARGEST
        share = min(2.0 / w.numel(), 0.5)
        certain = -(_xlogy(w, w) + _xlogy(1 - w, 1 - w)).mean()
        mean = w.mean()
        few = -(share * _log(mean) + (1 - share) * _log(1 - mean))
        total = certain + few if total is None else total + certain + few
    assert total is not None
    return total


_TINY = 1e-10
"""Added within logarithms."""


def _log(x: torch.Tensor) -> torch.Tensor:
    return torch.log(x + _TINY)


def _xlogy(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x * _log(y)


class MergedDecoder(nn.Module):
    """A trained :class:`SparseDecoder` in few operations.

    Norms are folded in, and each stage has one convolution for all sources of one resolution, which are laid side by side.

    Args:
        decoder: in evaluation mode.
    """

    def __init__(self, decoder: SparseDecoder) -> None:
        super().__init__()
        self.groups = {stage: _by_stride(fed_by) for stage, fed_by in decoder.table.items()}
        self.convolutions = nn.ModuleDict()
        for stage, groups in self.groups.items():
            biased = True  # the shift is the same everywhere, so that one of the sums can carry it
            for stride, sources in groups.items():
                convolution = nn.Conv2d(sum(decoder.channels[s] for s in sources), decoder.width, 1, bias=False).eval()
                joined = [decoder.convolutions[f"{stage}_{source}"].weight for source in sources]
                convolution.weight = nn.Parameter(torch.cat(joined, dim=1))  # type: ignore[arg-type]
                norm = decoder.norms[stage]
                assert isinstance(norm, nn.BatchNorm2d)
                fused = fuse_conv_bn_eval(convolution, norm)
                if not biased:
                    fused.bias = None
                self.convolutions[f"{stage}_{stride}"] = fused
                biased = False

    def forward(self, features: Sequence[torch.Tensor]) -> torch.Tensor:
        """As :meth:`SparseDecoder.forward`."""
        sources = rectified(features)
        for stage, groups in self.groups.items():
            terms = []
            for stride, names in groups.items():
                x = sources[names[0]] if len(names) == 1 else torch.cat([sources[name] for name in names], dim=1)
                terms.append((stride, self.convolutions[f"{stage}_{stride}"](x)))
            result = resized_sum(terms, stride_of(stage), _shape(features, stage))
            sources[stage] = nn.functional.relu6(result) if result.stride(-1) == 0 else nn.functional.relu6(result, inplace=True)
        return sources["D1"]


def rectified(features: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
    """The encoder's features and their pool by name, through ReLU6."""
    result = {f"E{i + 1}": nn.functional.relu6(x) for i, x in enumerate(features)}
    result[POOL] = nn.functional.relu6(features[-1].mean(dim=(2, 3), keepdim=True))
    return result


def resized_sum(terms: Iterable[tuple[int, torch.Tensor]], stride: int, shape: torch.Size) -> torch.Tensor:
    """The sum of terms, each with its stride, at the resolution of ``stride`` and ``shape``: added up before they are resized.

    Terms may be overwritten.
    """
    sums: dict[int, torch.Tensor] = {}
    for at, term in terms:
        sums[at] = sums[at].add_(term) if at in sums else term
    total: torch.Tensor | None = sums.pop(stride, None)
    pooled = sums.pop(0, None)
    for term in sums.values():
        fine = nn.functional.interpolate(term, size=shape, mode="bilinear", align_corners=False)
        total = fine if total is None else total.add_(fine)
    if pooled is not None:
        total = pooled.expand(-1, -1, *shape) if total is None else total.add_(pooled)
    assert total is not None
    return total


def _shape(features: Sequence[torch.Tensor], stage: str) -> torch.Size:
    return features[int(stage[1:]) - 1].shape[-2:]


def _by_stride(sources: Iterable[str]) -> dict[int, tuple[str, ...]]:
    result: dict[int, tuple[str, ...]] = {}
    for source in sources:
        result[stride_of(source)] = (*result.get(stride_of(source), ()), source)
    return result


def _pairs(table: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(stage, source) for stage, fed_by in table.items() for source in fed_by]
