"""Zero-shot classification: which class's prompt fits the radiograph."""
from typing import Literal

import torch
from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import ReportEmbeddings, Reports
from prior_mm.tokenizer import load_tokenizer

from .alignment.contrastive import unit
from .precision import at_least_float32, full_precision
from .prior import PRIOR


@MODELS.register_module()
class ZeroShotClassifier(PRIOR):
    """PRIOR whose predictions also hold the score of each class, from prompts (paper section 4.2).

    The score of a class is the softmax over the classes of the scaled global cosine, plus ``local_weight`` times the
    softmax over the classes of the mean attention between the patches and the prompt. A class with several prompts
    counts with the mean of their cosines and attentions: its best prompt alone would favour classes with more of them.

    Args:
        prompts: The prompts of each class; the order of the classes is that of the scores.
        tokenizer: A vocabulary file, a local Hugging Face folder, or the name of a cached one.
        local_weight: Weight of the local score; 0 leaves it out.
        scale: Factor of the cosine: ``'exp'``, as in training, or ``'published'``, the logarithm that the published
            code takes for it.
        lowercase: Whether prompts are lower-cased first, as the reports of the training were; see
            :func:`prior_mm.tokenizer.load_tokenizer`. A test takes what the checkpoint says if it is None.
        **prior: What :class:`PRIOR` takes.

    Raises:
        ValueError: If there are fewer than two classes, a class without a prompt, or another scale.
    """

    def __init__(self, prompts: dict[str, list[str]], tokenizer: str, local_weight: float = 0.5,
                 scale: Literal['exp', 'published'] = 'exp', lowercase: bool | None = None, **prior) -> None:
        super().__init__(**prior)
        if len(prompts) < 2 or not all(prompts.values()):
            raise ValueError(f'prompts must give at least one prompt for each of at least two classes, got {prompts}')
        if isinstance(next(iter(prompts.values())), str):
            raise ValueError("prompts must give a list for each class: prompts={'Edema': ['Edema is observed']}")
        if scale not in ('exp', 'published'):
            raise ValueError(f"scale must be 'exp' or 'published', got {scale!r}")
        self.classes = list(prompts)
        self.class_of_prompt = [c for c, name in enumerate(self.classes) for _ in prompts[name]]
        self.local_weight = local_weight
        self.scale = scale
        loaded = load_tokenizer(tokenizer, lowercase=lowercase)
        # The word pieces of a prompt stand alone, without [CLS] and [SEP], as in the published evaluation. One at a
        # time: batches would start threads, which do not survive the fork of the data loader's workers.
        tokens = [loaded.backend_tokenizer.encode(text, add_special_tokens=False).ids
                  for texts in prompts.values() for text in texts]
        self.prompts = Reports.from_sequences(tokens, [[0] * len(ids) for ids in tokens], loaded.pad_token_id)
        self._embedded: ReportEmbeddings | None = None

    def train(self, mode: bool = True) -> 'ZeroShotClassifier':
        """Change the mode; the prompts are then encoded anew, once."""
        self._embedded = None
        return super().train(mode)

    def unused_in_prediction(self) -> list[str]:
        """As PRIOR's, but for the scale of the cosine and, with a local score, the attention."""
        needed = ['global_alignment.', *(['cross_attention.'] if self.local_weight else [])]
        return [name for name in super().unused_in_prediction() if name not in needed]

    def describe(self, patches: Tensor, images: Tensor, reports: Tensor | None) -> dict[str, Tensor | list]:
        """The embeddings, and the ``scores`` of the ``classes``, float32 (B, C)."""
        return dict(**super().describe(patches, images, reports), scores=self.scores(images, patches).cpu(),
                    classes=[self.classes] * len(images))

    @torch.no_grad()
    def scores(self, images: Tensor, patches: Tensor) -> Tensor:
        """Scores of the classes, float32 (B, C), in [0, 1 + local_weight].

        Args:
            images: Global image embeddings, (B, D).
            patches: Patch embeddings, (B, P, D).
        """
        prompts = self._embed_prompts()
        logit_scale = self.global_alignment.logit_scale
        with full_precision(images):
            cosine = unit(images) @ unit(prompts.report).T * (logit_scale.exp() if self.scale == 'exp' else logit_scale)
        scores = self._by_class(cosine).softmax(dim=1)
        if self.local_weight:
            patch_weights, sentence_weights = self.cross_attention.weights(patches, prompts.prototypes.squeeze(1)[None])
            patch_weights, sentence_weights = at_least_float32(patch_weights), at_least_float32(sentence_weights)
            attention = (patch_weights.mean(dim=1) + sentence_weights.mean(dim=2)) / 2
            scores = scores + self.local_weight * self._by_class(attention).softmax(dim=1)
        return scores

    def _embed_prompts(self) -> ReportEmbeddings:
        """The M prompts as M reports of one sentence."""
        if self._embedded is None:
            device = self.global_alignment.logit_scale.device
            prompts = Reports(*(part.to(device) for part in self.prompts))
            self._embedded = self.embed_reports(self.text_encoder(prompts), prompts)
        return self._embedded

    def _by_class(self, scores: Tensor) -> Tensor:
        """Scores of prompts, (B, M), to their means by class, (B, C)."""
        index = torch.tensor(self.class_of_prompt, device=scores.device).expand_as(scores)
        return scores.new_zeros(len(scores), len(self.classes)).scatter_reduce(
            1, index, scores, 'mean', include_self=False)
