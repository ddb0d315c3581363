"""What SparseMask's network and NAS-PRNet share: encoder, decoder, and the search for the links between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from prbench.core import Recipe, setting
from prbench.core.data_fetching import fetch
from prbench.core.data_files import DataFile, read_arrays
from prbench.core.searchable import SearchableSolver, read_structure
from prbench.errors import UsageError
from prbench.tasks.off_axis import Hologram

from ..networks.links import Links
from ._phase_network import RECIPE, PhaseNetwork

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

    from ..networks.sparse_decoder import SuperDecoder

IMAGENET = DataFile(
    "weights/mobilenet_v2_imagenet.npz",
    "Apache-2.0",
    note="weights of MobileNet-v2 as released for TensorFlow Lite, one weight and one bias a layer in the order of the layers",
)

SPARSE_RECIPE = dataclasses.replace(RECIPE, steps=3000, learning_rate=1e-2)
"""After 400 steps with links like a U's, 0.066 rad on the tune split at a rate of 0.002, 0.050 at 0.005, 0.048 at 0.01."""

SEARCH_RECIPE = dataclasses.replace(
    RECIPE,
    samples=600,
    steps=3000,
    crop=128,
    optimiser="sgd",
    learning_rate=0.05,
    schedule="poly",
    weight_decay=1e-4,
    clip=5.0,
    average=0.0,
    validate_every=100,
)
"""A tenth of the published number of steps, on quarters of the frames."""

DRAWS = ("random-1", "random-2", "random-3")

_NAMED = ("found", "search", "u-shape", "sparsemask", *DRAWS)


@dataclass(frozen=True)
class SparsePhaseNetwork(PhaseNetwork, SearchableSolver[Hologram]):
    """A MobileNet-v2 encoder and a decoder of nine stages of 64 channels, fed by the links that a search has found."""

    links: str = setting(
        "found", doc="found; sparsemask; u-shape; random-1 to random-3, as many as found; search: all, weighted; or a file"
    )
    start: Literal["random", "imagenet"] = setting("random", doc="what a training of the encoder begins from")
    sparsity: float = setting(0.01, valid="[0, inf)", range=(0.001, 0.1), log=True, doc="weight of the sparsity loss in a search")
    link_rate: float = setting(
        5.0,
        valid="(0, 100]",
        range=(1, 20),
        log=True,
        doc="learning rate of the links in a search over the decoder's; published: 1",
    )
    settling: int = setting(
        0, valid="[0, inf)", range=(0, 2000), doc="steps of a search before its sparsity loss counts; published: 0"
    )

    encoder_scale: ClassVar[Mapping[str, float]] = {"imagenet": 0.1, "random": 0.4}
    """Learning rate of the encoder in a search over that of the decoder, by what it begins from: 0.005 and 0.05 as published, or
    a choice for one that has all to learn."""

    architecture: ClassVar[tuple[str, ...]] = ("links",)
    recipe: ClassVar[Recipe] = SPARSE_RECIPE
    search_recipe: ClassVar[Recipe] = SEARCH_RECIPE
    example: ClassVar[dict[str, object]] = {"weights": "random"}

    @property
    def inputs(self) -> tuple[str, ...]:
        """The user's files of weights and of links."""
        return super().inputs + (() if self.links in _NAMED else (self.links,))

    def chosen_links(self) -> Links | None:
        """The links of the decoder; None while they are searched.

        Raises:
            BadInput: where there is no such file, or it holds no links.
        """
        if self.links == "search":
            return None
        if self.links == "u-shape":
            return Links.u_shape()
        if self.links == "sparsemask":
            return Links.from_plain(self.found_structure("sparsemask"))
        if self.links in (*DRAWS, "found"):
            result = Links.from_plain(self.found_structure())
            return result if self.links == "found" else _random_links(len(result), DRAWS.index(self.links) + 1)
        return Links.from_plain(read_structure(self.links))

    def backbone(self, inputs: int) -> torch.nn.Module:
        """Encoder, decoder of the chosen links, and head."""
        from ..networks.sparse_net import SparseNet

        return SparseNet(self.chosen_links(), inputs)

    def simplified(self, network: torch.nn.Module) -> torch.nn.Module:
        """Norms folded, and convolutions of one resolution joined."""
        from ..networks.sparse_net import SparseNet, merged

        assert isinstance(network, SparseNet)
        return merged(network)

    def begin(self, network: torch.nn.Module, inputs: torch.Tensor) -> None:
        """Put what was learned on photographs into the encoder, where asked for.

        Raises:
            DataNotFound: where the weights are not on this machine.
            UsageError: where the network has more channels than grey levels have.
        """
        if self.start == "imagenet" and inputs.shape[1] > 1:
            raise UsageError(f"{self.plugin_name}: start=imagenet knows pictures of one channel; say reads=interferogram")
        if self.start == "imagenet":
            from ..networks.mobilenet_v2 import load_folded
            from ..networks.sparse_net import SparseNet

            assert isinstance(network, SparseNet)
            load_folded(network.encoder, read_arrays(fetch(IMAGENET)), inputs)

    # Search

    def searching(self) -> Self:
        """With all links."""
        return dataclasses.replace(self, links="search")

    def objective(
        self, network: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """The loss of the answers, and in a search that of the links."""
        result = super().objective(network, inputs, targets, weights)
        if self.links != "search":
            return result
        from ..networks.sparse_decoder import sparsity_loss

        decoder = _super_decoder(network)
        if int(decoder.passes) <= self.settling:
            return result
        return self.searched(result) + self.sparsity * sparsity_loss(decoder.drawn.values())

    def searched(self, loss: torch.Tensor) -> torch.Tensor:
        """What a search makes small besides the sparsity loss, from the loss of the answers."""
        return loss

    def parameter_groups(self, network: torch.nn.Module) -> list[dict[str, Any]]:
        """In a search the encoder learns slowly, and the weights of links do not decay."""
        if self.links != "search":
            return super().parameter_groups(network)
        groups: dict[str, list[Any]] = {"encoder": [], "decoder": [], "links": []}
        for name, parameter in network.named_parameters():
            kind = "links" if ".link_weights." in name else "encoder" if name.startswith("encoder.") else "decoder"
            groups[kind].append(parameter)
        return [
            {"params": groups["encoder"], "scale": self.encoder_scale[self.start]},
            {"params": groups["decoder"]},
            {"params": groups["links"], "scale": self.link_rate, "weight_decay": 0.0},
        ]

    def after_step(self, network: torch.nn.Module) -> None:
        """The weights of links stay in [0, 2]."""
        if self.links == "search":
            _super_decoder(network).clamp()

    def observations(self, network: torch.nn.Module) -> Mapping[str, float]:
        """In a search, how many links are left: above the threshold, and of those after the rules about stages."""
        if self.links != "search":
            return {}
        strong = _super_decoder(network).strong_links()
        return {"links_above_threshold": len(strong), "links": len(strong.pruned())}

    def structure(self, network: torch.nn.Module) -> dict[str, Any]:
        """The links that are left, and the weights of all."""
        decoder = _super_decoder(network)
        links = decoder.strong_links().pruned()
        weights = {
            stage: {source: round(float(w), 4) for source, w in zip(fed_by, decoder.link_weights[stage].tolist(), strict=True)}
            for stage, fed_by in reversed(decoder.table.items())
        }
        return {"links": links.plain(), "count": len(links), "above_threshold": len(decoder.strong_links()), "weights": weights}

    def draw_structure(self, structure: Mapping[str, Any], figure: Figure) -> None:
        """The encoder's features, the decoder's stages, and arrows for the links."""
        from ..networks.links_figure import draw_links

        draw_links(Links.of(structure["links"]), figure)


@cache
def _random_links(count: int, draw: int) -> Links:
    return Links.random(count, draw)


def _super_decoder(network: torch.nn.Module) -> SuperDecoder:
    from ..networks.sparse_decoder import SuperDecoder
    from ..networks.sparse_net import SparseNet

    assert isinstance(network, SparseNet)
    assert isinstance(network.decoder, SuperDecoder)
    return network.decoder
