"""Phrase grounding: where in the radiograph is what a phrase says."""
from collections.abc import Sequence

from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import Reports

from .phrase_maps import MAPS, phrase_maps
from .prior import PRIOR


@MODELS.register_module()
class PhraseGrounder(PRIOR):
    """PRIOR whose predictions hold the maps of a phrase; nothing is trained for it.

    Args:
        maps: Which ones, see :func:`.phrase_maps`.
        **prior: What :class:`PRIOR` takes.

    Raises:
        ValueError: If there is no such map.
    """

    def __init__(self, maps: Sequence[str] = ('cosine', ), **prior) -> None:
        super().__init__(**prior)
        if not maps or set(maps) - set(MAPS):
            raise ValueError(f'maps must be some of {", ".join(MAPS)}, got {list(maps)}')
        self.maps = tuple(maps)

    def unused_in_prediction(self) -> list[str]:
        """As PRIOR's; the attention is needed for its map."""
        return [name for name in super().unused_in_prediction() if name != 'cross_attention.' or
                'attention' not in self.maps]

    def predict(self, inputs: Tensor, reports: Reports | None, data_samples: list[dict]) -> list[dict]:
        """Each phrase's sample with its ``maps``: by name, float32 (H', W').

        Raises:
            ValueError: If there are no phrases.
        """
        if reports is None:
            raise ValueError('grounding needs a phrase for each image: put TokenizeReport into the pipeline')
        maps = phrase_maps(self, inputs, reports, self.maps)
        return [{**sample, 'maps': {name: values[i] for name, values in maps.items()}}
                for i, sample in enumerate(data_samples)]
