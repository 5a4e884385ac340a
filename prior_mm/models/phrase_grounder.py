"""Phrase grounding: where in the radiograph is what a phrase says."""
from collections.abc import Sequence

from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import Reports

from .afloc import AFLoc
from .convirt import ConVIRT
from .cxr_clip import CXRCLIP
from .dual_encoder import DualEncoder
from .gloria import GLoRIA
from .mgca import MGCA
from .phrase_maps import MAPS, phrase_maps
from .prior import PRIOR


class Grounding:
    """Goes before a method: its predictions hold the maps of a phrase; nothing is trained for it.

    Args:
        maps: Which ones, see :func:`.phrase_maps`; by default the method's own, else the first that it has. One that an
            ablation has not (:meth:`.Method.draws`) is None.
        **method: What the method takes.

    Raises:
        ValueError: If there is no such map.
    """

    def __init__(self, maps: Sequence[str] | None = None, **method) -> None:
        super().__init__(**method)
        self.maps = (next(filter(self.draws, (self.OWN_MAP, *MAPS))), ) if maps is None else tuple(maps)
        if not self.maps or set(self.maps) - set(MAPS):
            raise ValueError(f'maps must be some of {", ".join(MAPS)}, got {list(self.maps)}')

    def unused_in_prediction(self) -> list[str]:
        """As the method's; the attention is needed for its map."""
        return [name for name in super().unused_in_prediction() if name != 'cross_attention.' or
                'attention' not in self.maps]

    def predict(self, inputs: Tensor, reports: Reports | None, data_samples: list[dict]) -> list[dict]:
        """Each phrase's sample with its ``maps``: by name, float32 (H', W'), or None for one that the model has not.

        Raises:
            ValueError: If there are no phrases.
        """
        if reports is None:
            raise ValueError('grounding needs a phrase for each image: put TokenizeReport into the pipeline')
        maps = phrase_maps(self, inputs, reports, tuple(filter(self.draws, self.maps)))
        return [{**sample, 'maps': {name: maps[name][i] if name in maps else None for name in self.maps}}
                for i, sample in enumerate(data_samples)]


@MODELS.register_module()
class PhraseGrounder(Grounding, PRIOR):
    """:class:`PRIOR` with maps."""


@MODELS.register_module()
class PhraseGrounderAFLoc(Grounding, AFLoc):
    """:class:`AFLoc` with maps."""


@MODELS.register_module()
class PhraseGrounderConVIRT(Grounding, ConVIRT):
    """:class:`ConVIRT` with maps."""


@MODELS.register_module()
class PhraseGrounderCXRCLIP(Grounding, CXRCLIP):
    """:class:`CXRCLIP` with maps."""


@MODELS.register_module()
class PhraseGrounderDualEncoder(Grounding, DualEncoder):
    """:class:`DualEncoder` with maps."""


@MODELS.register_module()
class PhraseGrounderGLoRIA(Grounding, GLoRIA):
    """:class:`GLoRIA` with maps."""


@MODELS.register_module()
class PhraseGrounderMGCA(Grounding, MGCA):
    """:class:`MGCA` with maps."""
