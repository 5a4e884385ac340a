"""Phrase grounding: whether the map of a phrase shows the place that it speaks of."""
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from mmengine.evaluator import BaseMetric

from prior_mm.registry import METRICS

from .bootstrap import interval, means_by_group, patient_weights
from .heat_maps import Enlarge, to_pixels
from .localisation import THRESHOLDS, Localisation, localise
from .weighted_figures import FINDING, PATIENT

#: The part whose phrases choose the threshold, and are not scored.
VALIDATION = 'validate'
_FIGURES = ('cnr', 'cnr_absolute', 'miou', 'pointing', 'pointing_chance', 'dice', 'iou')


@METRICS.register_module()
class GroundingMetric(BaseMetric):
    """Figures of the maps of phrases, in the original image's pixels; each is the mean over the findings.

    - ``cnr`` and ``cnr_absolute``: contrast-to-noise ratio with its sign, and the mean of its absolute values, by which
      a map that avoids the place does as well as one that shows it;
    - ``miou``: IoU, mean over the thresholds 0.1 to 0.5 of maps rescaled to [-1, 1];
    - ``pointing``: share of phrases whose peak lies in the place; ``pointing_chance``: for a peak anywhere;
    - ``dice`` and ``iou`` at the one ``threshold`` whose Dice is highest on the validation part; without such a part
      they are None;
    - ``per_class``: the same by finding; ``phrases``, ``phrases_left_out`` (whose place was not seen).

    Each has a 95 % interval (``_low``, ``_high``) from drawing patients with replacement. See :mod:`.localisation`.
    Of a map that the model has not (an ablation) all are None, and ``left_out`` says why.

    Args:
        map: Which of the model's maps.
        sigma: Of the Gaussian that smooths it, in patches; see :func:`.to_pixels`.
        enlarge: Between the patches; see there.
        draws: Of the bootstrap.
        seed: Of the draws.
        protocol: Name and version of the protocol that the config follows; it stands in the results.
        collect_device: See :class:`mmengine.evaluator.BaseMetric`.
        prefix: See there; ``'grounding'`` by default.

    Raises:
        ValueError: If a setting makes no sense.
    """

    default_prefix = 'grounding'

    def __init__(self, map: str = 'cosine', sigma: float = 1.5, enlarge: Enlarge = 'bilinear', draws: int = 1000,
                 seed: int = 0, protocol: str = 'unnamed', collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        if enlarge not in get_args(Enlarge) or sigma < 0 or draws < 1:
            raise ValueError(f'enlarge must be one of {get_args(Enlarge)}, sigma not negative and draws at least 1, '
                             f'got {enlarge!r}, {sigma}, {draws}')
        self.map, self.sigma, self.enlarge = map, sigma, enlarge
        self.draws, self.seed, self.protocol = draws, seed, protocol

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score a batch of predictions.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ``maps`` (by name, (H', W'), or None for one that the model has not),
                ``region`` (bool (H, W), the place in pixels of the original image), ``finding``, ``patient``, ``split``
                and, if the model saw a part, ``area``.

        Raises:
            ValueError: If the model gives no such map, or one that is not finite.
        """
        for sample in data_samples:
            if self.map not in sample['maps']:
                raise ValueError(f'the model gives the maps {list(sample["maps"])}, not {self.map!r}: name it in '
                                 'model.maps')
            drawn, seen = sample['maps'][self.map], None
            if drawn is not None:
                region = np.asarray(sample['region'], dtype=bool)
                height, width = region.shape
                heat = to_pixels(np.asarray(drawn), height, width, sample.get('area'), self.sigma, self.enlarge)
                seen = localise(heat, region)
            self.results.append(dict(finding=sample['finding'], patient=sample['patient'], split=sample['split'],
                                     drawn=drawn is not None, seen=seen, phrase=str(sample.get('study_id', ''))))

    def compute_metrics(self, results: list[dict]) -> dict[str, Any]:
        """The metrics of all phrases, as plain numbers; ``per_image`` keeps those of each.

        Raises:
            ValueError: If no phrase can be scored.
        """
        if not any(result['drawn'] for result in results):
            return dict(protocol=self.protocol, map=self.map, phrases=0, phrases_left_out=len(results),
                        left_out='the model has no such map: no loss trained what draws it', **dict.fromkeys(_FIGURES))
        scored = [result for result in results if result['seen'] is not None]
        tested = [result for result in scored if result['split'] != VALIDATION]
        if not tested:
            raise ValueError(f'none of the {len(results)} phrases can be scored: there is none but of the validation '
                             'part, or their places were not seen by the model')
        cut = choose_threshold([result for result in scored if result['split'] == VALIDATION])
        self.per_image = self._each(results, cut)
        findings, groups = np.unique([result['finding'] for result in tested], return_inverse=True)
        values = np.array([_figures(Localisation(*result['seen']), cut) for result in tested])
        _, patients = np.unique([result['patient'] for result in tested], return_inverse=True)
        seen = means_by_group(values, groups, np.ones((1, len(values))))[0]
        drawn = means_by_group(values, groups, patient_weights(patients, self.draws, self.seed))
        phrases = np.bincount(groups)
        return dict(
            protocol=self.protocol, map=self.map, phrases=len(tested),
            phrases_left_out=sum(result['seen'] is None for result in results),
            threshold=None if cut is None else float(THRESHOLDS[cut]),
            **_described(_mean_of_groups(seen), _mean_of_groups(drawn)),
            per_class={str(name): dict(phrases=int(phrases[k]), **_described(seen[k], drawn[:, k]))
                       for k, name in enumerate(findings)})

    def _each(self, results: Sequence[dict], cut: int | None) -> dict[str, list]:
        """What each phrase gave, NaN of those that are not scored; findings and patients by number."""
        values = np.array([[np.nan] * len(_FIGURES) if result['seen'] is None or result['split'] == VALIDATION
                           else _figures(Localisation(*result['seen']), cut) for result in results])
        numbers = {name: np.unique([result[key] for result in results], return_inverse=True)[1].tolist()
                   for name, key in ((FINDING, 'finding'), (PATIENT, 'patient'))}
        columns = {f'{self.prefix}/{name}': column for name, column in zip(_FIGURES, values.T.tolist(), strict=True)}
        return dict(image=[result['phrase'] for result in results], **numbers, **columns)


def choose_threshold(results: Sequence[dict]) -> int | None:
    """Place in :data:`THRESHOLDS` of the one whose Dice, mean over the findings, is highest; None without results."""
    if not results:
        return None
    _, groups = np.unique([result['finding'] for result in results], return_inverse=True)
    dice = np.stack([Localisation(*result['seen']).dice for result in results])
    return int(means_by_group(dice, groups, np.ones((1, len(dice))))[0].mean(axis=0).argmax())


def _figures(seen: Localisation, cut: int | None) -> tuple[float, ...]:
    """Those of :data:`_FIGURES`; NaN where they are not defined."""
    overlaps = (np.nan, np.nan) if cut is None else (seen.dice[cut], seen.iou[cut])
    return (seen.cnr, abs(seen.cnr), seen.miou, seen.pointing, seen.chance, *overlaps)


def _mean_of_groups(values: np.ndarray) -> np.ndarray:
    """(..., K, F) to the mean over the groups that have a value, (..., F); NaN where none has."""
    known = np.isfinite(values)
    with np.errstate(invalid='ignore'):
        return np.where(known, values, 0.).sum(axis=-2) / known.sum(axis=-2)


def _described(seen: np.ndarray, drawn: np.ndarray) -> dict[str, float | None]:
    """Figures (F,) with the intervals of their draws (S, F)."""
    described: dict[str, float | None] = {}
    for number, name in enumerate(_FIGURES):
        described[name] = float(seen[number]) if np.isfinite(seen[number]) else None
        if name != 'pointing_chance':
            described[f'{name}_low'], described[f'{name}_high'] = interval(drawn[:, number])
    return described
