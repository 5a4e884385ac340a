"""The model as three ONNX graphs, for programs that have neither PyTorch nor this package."""
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from prior_mm.models.alignment.contrastive import unit
from prior_mm.models.method import Method
from prior_mm.structures import Reports

#: The graphs, by file name without ``.onnx``.
GRAPHS = ('image_encoder', 'text_encoder', 'joint')
#: What float32 may differ by between PyTorch and onnxruntime: all outputs are cosines, scores or unit vectors.
TOLERANCE = 1e-4

#: The lines of the model card.
ONNX_CARD = '''import numpy as np
import onnxruntime
from tokenizers import Tokenizer

image_encoder, text_encoder, joint = (
    onnxruntime.InferenceSession(f'{name}.onnx', providers=['CPUExecutionProvider'])
    for name in ('image_encoder', 'text_encoder', 'joint'))
tokenizer = Tokenizer.from_file('tokenizer/tokenizer.json')


def prompt(text):  # a report of one sentence
    pieces = tokenizer.encode(text)
    token_ids = np.array([pieces.ids])
    return dict(token_ids=token_ids, token_mask=np.ones_like(token_ids, dtype=bool),
                sentence_index=-np.array([pieces.special_tokens_mask]), sentence_mask=np.ones((1, 1), dtype=bool))


image, patches = image_encoder.run(None, dict(images=images))  # images: float32 (B, 1, H, W) in [0, 1]
vectors = [text_encoder.run(None, prompt(text)) for text in ('The heart is enlarged.', 'The heart is normal.')]
report, sentence = (np.concatenate(part) for part in zip(*vectors))
scores, maps = joint.run(None, dict(image=image, patches=patches, report=report, sentence=sentence[:, 0]))'''


class ImageGraph(nn.Module):
    """Images (B, 1, H, W) in [0, 1] to unit vectors: of the images, (B, D), and their patches, (B, D, H', W')."""

    def __init__(self, model: Method) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Normalise, encode, project."""
        features = self.model.image_encoder(self.model.data_preprocessor.normalise(images))
        patches, image = self.model.embed_images(features)
        return unit(image), unit(patches).unflatten(1, self.model.local_grid(features)).permute(0, 3, 1, 2)


class TextGraph(nn.Module):
    """B reports of N sentences to unit vectors: of the reports, (B, D), and their sentences, (B, N, D)."""

    def __init__(self, model: Method) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, token_ids: Tensor, token_mask: Tensor, sentence_index: Tensor,
                sentence_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Encode and project; the arguments are those of :class:`.Reports`."""
        # By itself, not packed: a packed batch has a shape of its own for each input.
        text = self.model.text_encoder
        word_pieces = text.sum_of_layers(text.encoder(input_ids=token_ids, attention_mask=token_mask.long(),
                                                      output_hidden_states=text.last_layers > 1))
        report = self.model.embed_reports(word_pieces, Reports(token_ids, token_mask, sentence_index, sentence_mask))
        return unit(report.report), unit(report.prototypes)


class JointGraph(nn.Module):
    """B images and M sentences, as unit vectors, to scores, (B, M), and where each is seen, (B, M, H', W')."""

    scale: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.register_buffer('scale', model.global_alignment.logit_scale.detach().exp())

    def forward(self, image: Tensor, patches: Tensor, report: Tensor, sentence: Tensor) -> tuple[Tensor, Tensor]:
        """Scores are scaled cosines, of which a softmax over exclusive sentences makes shares; maps are cosines."""
        return self.scale * image @ report.T, torch.einsum('bdhw,md->bmhw', patches, sentence)


def write_onnx(model: Any, folder: Path, size: tuple[int, int]) -> None:
    """Write the three graphs, each compared with the model itself on another batch than it was traced with.

    The number of images, reports, word pieces, sentences and prompts is free. The size of the images is free where
    nothing is learned for a place, with ``pooled_by='mean'``.

    Args:
        model: A :class:`.Method` with a vector of each sentence; those that align words have none.
        folder: Where to.
        size: Height and width of the images that the model was trained on, pixels.

    Raises:
        ValueError: If the model aligns words, its patches are no places, or a graph computes something else.
        ImportError: If onnx, onnxscript or onnxruntime is missing.
    """
    _check(model)
    model = model.eval()
    batch, prompts = torch.export.Dim('batch'), torch.export.Dim('prompts')
    pieces, sentences = torch.export.Dim('word_pieces'), torch.export.Dim('sentences')
    places = {} if getattr(model.image_encoder.pooling, 'grid', None) else {
        2: model.image_encoder.stride * torch.export.Dim('rows'),
        3: model.image_encoder.stride * torch.export.Dim('columns')}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        traced, other = (_examples(model, size, *shape) for shape in ((2, 3, 11, 4), (3, 5, 17, 2)))
        for name, graph, outputs, shapes in (
                ('image_encoder', ImageGraph(model), ('image', 'patches'), dict(images={0: batch, **places})),
                ('text_encoder', TextGraph(model), ('report', 'sentences'), dict(
                    token_ids={0: batch, 1: pieces}, token_mask={0: batch, 1: pieces},
                    sentence_index={0: batch, 1: pieces}, sentence_mask={0: batch, 1: sentences})),
                ('joint', JointGraph(model), ('scores', 'maps'), dict(
                    image={0: batch}, patches={0: batch}, report={0: prompts}, sentence={0: prompts}))):
            torch.onnx.export(
                graph.eval(), tuple(traced[name].inputs.values()), folder / f'{name}.onnx', dynamo=True, verbose=False,
                external_data=False, input_names=list(shapes), output_names=outputs,
                dynamic_shapes=tuple(shapes.values()))
            _compare(folder / f'{name}.onnx', other[name])


def _check(model: Any) -> None:
    if 'prototypes' not in model.EMBEDDINGS._fields:
        raise ValueError(f'{type(model).__name__} aligns words and has no vector of a sentence, which the graphs need; '
                         'export its image encoder with --part image')
    if model.image_encoder.patch_layout != 'places':
        raise ValueError("a patch of patch_layout='published' is no place of the image, so there is no map of it")


@dataclass(frozen=True)
class _Example:
    """What goes into a graph, by name, and what the model makes of it."""
    inputs: dict[str, Tensor]
    outputs: tuple[Tensor, ...]


@torch.no_grad()
def _examples(model: Any, size: tuple[int, int], images: int, reports: int, pieces: int,
              sentences: int) -> dict[str, _Example]:
    """Random inputs of each graph; the last report has fewer word pieces and sentences than the others.

    What should come out is the model's own, not the graph's: a graph that leaves something out is to be seen.
    """
    vocabulary = model.text_encoder.encoder.config.vocab_size
    lengths = torch.full((reports, 1), pieces)
    lengths[-1] = pieces - 2
    mask = torch.arange(pieces) < lengths
    index = (torch.arange(pieces) * sentences // pieces).expand(reports, -1)
    pixels = torch.rand(images, 1, *size)
    reports_in = dict(token_ids=torch.randint(vocabulary, (reports, pieces)), token_mask=mask,
                      sentence_index=index.masked_fill(~mask, -1),
                      sentence_mask=torch.arange(sentences) <= index.masked_fill(~mask, -1).amax(1, keepdim=True))
    features = model.encode(model.data_preprocessor.normalise(pixels), Reports(**reports_in))
    study = model.embed(features, Reports(**reports_in))
    image, report, sentence = unit(study.image), unit(study.report), unit(study.prototypes)
    patches = unit(study.patches).unflatten(1, model.local_grid(features.image)).permute(0, 3, 1, 2)
    vectors = dict(image=image, patches=patches, report=report, sentence=sentence[:, 0])
    return dict(image_encoder=_Example(dict(images=pixels), (image, patches)),
                text_encoder=_Example(reports_in, (report, sentence)),
                joint=_Example(vectors, JointGraph(model)(**vectors)))


def _compare(path: Path, example: _Example) -> None:
    import onnxruntime
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    found = session.run(None, {name: value.numpy() for name, value in example.inputs.items()})
    apart = max(float((torch.from_numpy(one) - other).abs().max() / max(1., float(other.abs().max())))
                for one, other in zip(found, example.outputs, strict=True))
    if not apart <= TOLERANCE:
        raise ValueError(f'{path.name} computes something else than the model: {apart:.1e} apart, {TOLERANCE} allowed; '
                         'please report the backbone and the version of torch')
