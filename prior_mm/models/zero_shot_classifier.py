"""Zero-shot classification by PRIOR: which class's prompt fits the radiograph."""
import logging
from typing import Literal

import torch
from mmengine.logging import print_log
from torch import Tensor

from prior_mm.registry import MODELS

from .alignment.contrastive import unit
from .alignment.grounded_alignment import sentence_similarity
from .precision import at_least_float32, full_precision
from .prior import PRIOR
from .zero_shot import ZeroShot


@MODELS.register_module()
class ZeroShotClassifier(ZeroShot, PRIOR):
    """PRIOR whose predictions also hold the score of each class, from prompts (paper section 4.2).

    The score of a class is the softmax over the classes of the scaled global cosine, plus ``local_weight`` times the
    softmax over the classes of a local score: the mean attention between the patches and the prompt, or, beyond the
    paper, the scaled cosine of the prompt and the places that fit it (:func:`.sentence_similarity`). An ablation that
    trains neither has no local score (:meth:`.Method.draws`). A class with several prompts counts with the means over
    them.

    Args:
        prompts: The prompts of each class; the order of the classes is that of the scores.
        tokenizer: A vocabulary file, a local Hugging Face folder, or the name of a cached one.
        local_weight: Weight of the local score; 0 leaves it out.
        local_score: ``'attention'``, or ``'cosine'``; by default what the local alignment is trained by.
        scale: Factor of the cosine: ``'exp'``, as in training, or ``'published'``, the logarithm that the published
            code takes for it.
        **prior: What :class:`PRIOR` takes.

    Raises:
        ValueError: If there are fewer than two classes, a class without a prompt, a prompt without a known word,
            another scale or local score.
    """

    def __init__(self, prompts: dict[str, list[str]], tokenizer: str, local_weight: float = 0.5,
                 scale: Literal['exp', 'published'] = 'exp',
                 local_score: Literal['attention', 'cosine'] | None = None, **prior) -> None:
        super().__init__(prompts, tokenizer, **prior)
        if scale not in ('exp', 'published'):
            raise ValueError(f"scale must be 'exp' or 'published', got {scale!r}")
        if local_score not in (None, 'attention', 'cosine'):
            raise ValueError(f"local_score must be 'attention', 'cosine' or None, got {local_score!r}")
        self.local_weight = local_weight
        self.local_score = local_score or getattr(self.local_alignment, 'LOCAL_SCORE', 'attention')
        self.scale = scale

    @torch.no_grad()
    def scores(self, images: Tensor, patches: Tensor) -> Tensor:
        """Scores of the classes, float32 (B, C), in [0, 1 + local_weight].

        Args:
            images: Global image embeddings, (B, D).
            patches: Patch embeddings, (B, P, D).
        """
        if self._embedded is None and self.local_weight and not self.draws(self.local_score):
            print_log('the scores have no local part: no loss trained what draws the map '
                      f'{self.local_score!r}', 'current', logging.WARNING)
        prompts = self.embed_prompts(images.device)
        scale = self.global_alignment.logit_scale.exp() if self.scale == 'exp' else self.global_alignment.logit_scale
        with full_precision(images):
            cosine = unit(images) @ unit(prompts.report).T * scale
        scores = self.by_class(cosine).softmax(dim=1)
        if self._scores_by('cosine'):
            with full_precision(patches):
                cosine = sentence_similarity(patches, prompts.prototypes.squeeze(1)) * scale
            scores = scores + self.local_weight * self.by_class(cosine).softmax(dim=1)
        elif self._scores_by('attention'):
            patch_weights, sentence_weights = self.cross_attention.weights(patches, prompts.prototypes.squeeze(1)[None])
            patch_weights, sentence_weights = at_least_float32(patch_weights), at_least_float32(sentence_weights)
            attention = (patch_weights.mean(dim=1) + sentence_weights.mean(dim=2)) / 2
            scores = scores + self.local_weight * self.by_class(attention).softmax(dim=1)
        return scores

    def unused_in_prediction(self) -> list[str]:
        """As PRIOR's, but for the scale of the cosine and, with a local score, the attention."""
        needed = ['global_alignment.', *(['cross_attention.'] if self._scores_by('attention') else [])]
        return [name for name in super().unused_in_prediction() if name not in needed]

    def _scores_by(self, local_score: str) -> bool:
        return bool(self.local_weight) and self.local_score == local_score and self.draws(local_score)
