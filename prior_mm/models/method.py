"""What all methods share: encoders, the seam, which losses are on, what rests, predictions, maps."""
import logging
from abc import abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModel
from torch import Tensor, nn

from prior_mm.checkpoints.backbone_weights import is_far
from prior_mm.registry import MODELS
from prior_mm.structures import ImageFeatures, Reports, StudyEmbeddings, StudyFeatures

from .alignment.contrastive import unit
from .compiled import check_compiled
from .encoders.in_chunks import in_chunks
from .global_batch import GlobalBatch


def build_part(config: dict | None, **given) -> nn.Module | None:
    """A part from its config, which goes before what is given; None, an ablation, stays None."""
    return None if config is None else MODELS.build({**given, **config})


class Method(BaseModel):
    """A method of pre-training on radiographs and their reports.

    Which losses have a weight decides what runs. A part that is None is an ablation: its losses are left out. A method
    builds its parts, then calls :meth:`set_losses`; it says how features get to the joint space (:meth:`embed_images`,
    :meth:`embed_reports`), what is compared there (:meth:`compare`), and what it attends to (:meth:`attention`).

    Args:
        image_encoder: Config of the image encoder.
        text_encoder: Config of the text encoder.
        same_report: Config of what is done about reports that say the same (:class:`.SameReport`); nothing by default.
        data_preprocessor: Config of what normalises the images; a :class:`StudyPreprocessor` by default.
        chunk: Studies that are encoded (and decoded) at a time in training, where memory is short; the losses still
            compare the whole batch (:func:`.in_chunks`). None: all at once.
        predict_local: Whether predictions hold the embeddings of patches and sentences, too.
        compiled: Whether ``torch.compile`` makes programs of :meth:`compiled_parts` and of BERT's layers, as they are
            first called: minutes once, then faster steps, and other rounding. Not together with ``with_cp``, ``chunk``
            or FSDP. Or its mode, such as ``'reduce-overhead'``, which has CUDA graphs.

    Raises:
        ValueError: If ``chunk`` is below 1, or ``compiled`` comes with it.
    """

    #: The losses that there are, and their published weights.
    PUBLISHED_LOSSES: ClassVar[dict[str, float]] = {}
    #: The named tuple of a study in the joint space: ``patches``, ``image``, and what its reports become.
    EMBEDDINGS: ClassVar[type] = StudyEmbeddings
    #: Losses that are means over the sentences of the batch; the others are means over its studies.
    MEANS_OVER_SENTENCES: ClassVar[Collection[str]] = ()
    #: The losses that train each part, by its name; a part that all losses train need not be named.
    TRAINED_BY: ClassVar[dict[str, Collection[str]]] = {}
    #: Which of the maps of a phrase (:func:`.phrase_maps`) is the method's own.
    OWN_MAP: ClassVar[str] = 'cosine'
    #: The part that draws each of these maps; where no loss trains it (an ablation), the method has no such map.
    DRAWN_BY: ClassVar[dict[str, str]] = {}
    #: Its own parts that nobody enters but by their ``forward``.
    WITH_ONE_ENTRY: ClassVar[Collection[str]] = ()

    def __init__(self, image_encoder: dict, text_encoder: dict, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None, same_report: dict | None = None, chunk: int | None = None,
                 predict_local: bool = False, compiled: bool | str = False) -> None:
        super().__init__(MODELS.build(data_preprocessor or dict(type='StudyPreprocessor')), init_cfg)
        if chunk is not None and chunk < 1:
            raise ValueError(f'model.chunk must be at least 1 study, or None for all at once, got {chunk}')
        check_compiled(compiled, chunk, image_encoder, text_encoder)
        self.chunk, self.compiled = chunk, compiled
        self.predict_local = predict_local
        self.image_encoder = build_part(image_encoder)
        self.text_encoder = build_part(text_encoder)
        self.same_report = MODELS.build({'type': 'SameReport', **same_report}) if same_report else None

    def init_weights(self) -> None:
        """As any model; warns if a pretrained backbone has seen images of quite another scale."""
        super().init_weights()
        theirs, ours = self.image_encoder.pretrained_on.get('std'), float(self.data_preprocessor.std)
        if theirs and is_far(ours, theirs):
            print_log(f'{self.image_encoder.pretrained} was trained on images divided by a deviation of {theirs:.4g}, '
                      f'and model.data_preprocessor divides by {ours:.4g}: its first features are as much too small or '
                      'too large. Set model.data_preprocessor.mean and std to theirs', 'current', logging.WARNING)

    def set_losses(self, weights: dict[str, float] | None) -> None:
        """Set the weight of each loss, as a stage begins; a loss whose part is missing is left out.

        Raises:
            ValueError: If a name is not a loss of the method.
        """
        weights = self.PUBLISHED_LOSSES if weights is None else weights
        if unknown := weights.keys() - self.PUBLISHED_LOSSES.keys():
            raise ValueError(f'unknown losses {sorted(unknown)}; there are {sorted(self.PUBLISHED_LOSSES)}')
        missing = {loss for name, losses in self.TRAINED_BY.items() if self._part(name) is None for loss in losses}
        self.loss_weights = {name: weight for name, weight in weights.items() if name not in missing}
        self._compile()

    def _compile(self) -> None:
        """Have the parts compiled when they are first called; they keep their names."""
        if not self.compiled:
            return
        self.text_encoder.compiled = self.compiled
        mode = None if self.compiled is True else self.compiled
        for part in self.compiled_parts():
            if part._compiled_call_impl is None:
                part.compile(dynamic=False, mode=mode)

    def compiled_parts(self) -> list[nn.Module]:
        """The parts that always see the same shape in training."""
        own = [self._part(name) for name in self.WITH_ONE_ENTRY]
        return [self.image_encoder.backbone, *(part for part in own if part is not None)]

    def needs(self, *losses: str) -> bool:
        """Whether any of these losses is on."""
        return any(name in self.loss_weights for name in losses)

    def unused_parameters(self) -> list[nn.Parameter]:
        """Parameters that no loss of the present stage depends on; a backward pass gives them no gradient."""
        unused = [self._part(name) for name, losses in self.TRAINED_BY.items() if not self.needs(*losses)]
        return [parameter for part in unused if part is not None
                for parameter in ([part] if isinstance(part, nn.Parameter) else part.parameters())]

    def unused_in_prediction(self) -> list[str]:
        """Beginnings of the names of parameters that no prediction depends on; a checkpoint may lack them."""
        return []

    def _part(self, name: str) -> nn.Module | nn.Parameter | None:
        part = self
        for attribute in name.split('.'):
            part = None if part is None else getattr(part, attribute)
        return part

    def parts_with_one_entry(self) -> list[nn.Module]:
        """The parts whose parameters nobody touches but their own ``forward``, so that FSDP can gather each by itself.

        BERT's layers are not among them: :func:`packed_bert` goes past their ``forward``.
        """
        backbone = self.image_encoder.backbone
        stages = [getattr(backbone, name) for name in getattr(backbone, 'res_layers', ())]
        own = [self._part(name) for name in self.WITH_ONE_ENTRY]
        return [part for part in (*stages, self.image_encoder, self.text_encoder, *own) if part is not None]

    # ------------------------------------------------------------------------------------------------- the method

    def encode(self, images: Tensor, reports: Reports) -> StudyFeatures:
        """The encoders, up to the seam: normalised images (B, 1, H, W) and B reports to features."""
        word_pieces = self.text_encoder(reports)  # first: to count its word pieces is to wait for a GPU
        return StudyFeatures(self.image_encoder(images), word_pieces)

    def global_batch(self, reports: Reports, data_samples: list[dict] | None = None) -> GlobalBatch:
        """The batch of all processes, of which these studies are this process's share."""
        signs = self.same_report and self.same_report.signs(reports, data_samples)
        return GlobalBatch(len(reports.token_ids), self.sentence_mask(reports).sum(), self.same_report, signs)

    def sentence_mask(self, reports: Reports) -> Tensor:
        """The sentences that count, bool, (B, N)."""
        return reports.sentence_mask

    def losses(self, features: StudyFeatures, reports: Reports, images: Tensor,
               batch: GlobalBatch | None = None) -> dict[str, Tensor]:
        """All losses of the stage that follow from the encoders' features, weighted, as scalars ``loss_<name>``.

        On many processes their mean over the processes is the loss of the global batch.

        Args:
            features: What :meth:`encode` gives.
            reports: The reports.
            images: The normalised images, (B, 1, H, W), that a method may have to reconstruct.
            batch: What :meth:`global_batch` gives; best asked for before the encoders run.
        """
        batch = batch or self.global_batch(reports)
        losses = self.compare(self.embed(features, reports), features, images, batch)
        return {f'loss_{name}': losses[name] * (weight * batch.share(of_sentences=name in self.MEANS_OVER_SENTENCES))
                for name, weight in self.loss_weights.items()}

    def embed(self, features: StudyFeatures, reports: Reports) -> Any:
        """Features to the joint space."""
        return self.EMBEDDINGS(*self.embed_images(features.image), *self.embed_reports(features.word_pieces, reports))

    @abstractmethod
    def embed_images(self, features: ImageFeatures) -> tuple[Tensor, Tensor]:
        """Features of B radiographs to the joint space: the patches, (B, P, D), and the images, (B, D)."""

    @abstractmethod
    def embed_reports(self, word_pieces: Tensor, reports: Reports) -> Any:
        """Features (B, L, W) of the word pieces to the joint space, as a named tuple with ``report``, (B, D)."""

    @abstractmethod
    def compare(self, study: Any, features: StudyFeatures, images: Tensor, batch: GlobalBatch) -> dict[str, Tensor]:
        """The losses by name, before their weights, scalars; at least those that are on.

        Args:
            study: What :meth:`embed` gives.
            features: What it was made of.
            images: The normalised images, (B, 1, H, W).
            batch: The batch of all processes.
        """

    @abstractmethod
    def attention(self, study: Any) -> Tensor:
        """Attention of each sentence over the patches of its study, (B, N, P)."""

    def draws(self, name: str) -> bool:
        """Whether it has this map of a phrase (:func:`.phrase_maps`): a loss of the stage trains what draws it."""
        return name not in self.DRAWN_BY or self.needs(*self.TRAINED_BY[self.DRAWN_BY[name]])

    def sentence_maps(self, study: Any, features: ImageFeatures) -> Tensor:
        """The attention laid out as maps, (B, N, H', W')."""
        return self.attention(study).unflatten(2, self.local_grid(features))

    def local_sentences(self, study: Any) -> Tensor:
        """What stands for the sentences beside the patches, (B, N, D)."""
        return study.prototypes

    def phrase(self, study: Any) -> Tensor:
        """What stands there for B reports of one sentence, (B, D)."""
        return self.local_sentences(study)[:, 0]

    # --------------------------------------------------------------------------------------------- what users call

    def forward(self, inputs: Tensor, reports: Reports | None, data_samples: list[dict] | None = None,
                mode: str = 'tensor') -> Any:
        """MMEngine's entry.

        Args:
            inputs: Normalised images, (B, 1, H, W).
            reports: Their reports. ``'predict'`` also takes None, for radiographs without reports.
            data_samples: What is known of the studies (ids, labels); handed on by ``'predict'``.
            mode: ``'loss'``: the weighted losses. ``'predict'``: for each study its sample with the L2-normalised
                ``image_embedding`` and, if there are reports, ``report_embedding``, float32 (D,); with
                ``predict_local`` also ``patch_embeddings`` (P, D) and ``sentence_embeddings`` (N, D).
                ``'tensor'``: the embeddings of the batch.

        Raises:
            ValueError: For another mode, or if it needs reports and there are none.
        """
        if reports is None and mode in ('loss', 'tensor'):
            raise ValueError(f"mode '{mode}' needs reports, and the batch has none: put TokenizeReport into the "
                             'pipeline, or take a data set with reports')
        if mode == 'loss':
            batch = self.global_batch(reports, data_samples)
            features = in_chunks(self.chunk, self, self.encode, inputs, reports)
            return self.losses(features, reports, inputs, batch)
        if mode == 'predict':
            return self.predict(inputs, reports, data_samples or [{} for _ in inputs])
        if mode == 'tensor':
            return self.embed(self.encode(inputs, reports), reports)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got '{mode}'")

    @torch.no_grad()
    def predict(self, inputs: Tensor, reports: Reports | None, data_samples: list[dict]) -> list[dict]:
        """Each study's sample with what :meth:`describe` says of the study."""
        patches, images = self.embed_images(self.image_encoder(inputs))
        told = None if reports is None else self.embed_reports(self.text_encoder(reports), reports)
        described = self.describe(patches, images, told and told.report)
        if self.predict_local:
            described['patch_embeddings'] = unit(patches).cpu()
            if told is not None:
                sentences = unit(self.local_sentences(self.EMBEDDINGS(patches, images, *told))).cpu()
                counts = self.sentence_mask(reports).sum(dim=1).tolist()
                described['sentence_embeddings'] = [own[:count] for own, count in zip(sentences, counts, strict=True)]
        return [{**sample, **{name: values[i] for name, values in described.items()}}
                for i, sample in enumerate(data_samples)]

    def describe(self, patches: Tensor, images: Tensor, reports: Tensor | None) -> dict[str, Tensor | list]:
        """What is predicted of B studies: their global embeddings, L2-normalised, float32 (B, D), on the CPU.

        Args:
            patches: Patch embeddings, (B, P, D).
            images: Global image embeddings, (B, D).
            reports: Global text embeddings, (B, D), or None where there are no reports.
        """
        described: dict[str, Tensor | list] = dict(image_embedding=unit(images).cpu())
        if reports is not None:
            described['report_embedding'] = unit(reports).cpu()
        return described

    @torch.no_grad()
    def sentence_attention(self, inputs: Tensor, reports: Reports) -> Tensor:
        """The map of each sentence over the image, (B, N, H', W'); needs ``patch_layout='places'``.

        Raises:
            ValueError: If the method has no such map.
        """
        if not self.draws('attention'):
            raise ValueError("the model has no map 'attention': no loss trained what draws it")
        features = self.encode(inputs, reports)
        return self.sentence_maps(self.embed(features, reports), features.image)

    def local_grid(self, features: ImageFeatures) -> tuple[int, int]:
        """Height and width, in patches, of the map that is aligned locally."""
        return features.grid
