"""The published model (or a tiny one) with random weights on any device, and its training steps, for ``gpu.py``."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from torch.utils.flop_counter import FlopCounterMode
from train_step import STAGES, VOCABULARY, published, random_studies

from prior_mm.engine import AutocastOptimWrapper
from prior_mm.models import PRIOR
from prior_mm.structures import Reports

#: For trials without a GPU: the same parts, small.
TINY: dict[str, Any] = dict(
    image_encoder=dict(type='ImageEncoder', out_channels=64, stride=16, grid=(2, 2), backbone=dict(
        type='mmpretrain.ResNet', depth=18, in_channels=1, stem_channels=8, base_channels=16, num_stages=3,
        strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(2, ))),
    text_encoder=dict(type='TextEncoder', config=dict(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        hidden_dropout_prob=0., attention_probs_dropout_prob=0.)),
    embed_dims=32, local_alignment=dict(type='LocalAlignment'),
    prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=8, noise=False),
    image_decoder=dict(type='ImageDecoder', dropout=0.),
    sentence_decoder=dict(type='SentenceDecoder', num_queries=12, num_layers=1, num_heads=4, feedforward_dims=32,
                          dropout=0.))


def grounded(**parts: Any) -> PRIOR:
    """The published model's parts with the local alignment that looks."""
    return PRIOR(**{**parts, 'local_alignment': dict(type='GroundedAlignment')})


def build(stage: int, tiny: bool, cls: Callable[..., PRIOR] = PRIOR, dropout: bool = True,
          chunk: int | None = None) -> PRIOR:
    """A model as its training starts, always the same."""
    torch.manual_seed(0)
    model = cls(**TINY).train() if tiny else published(cls, dropout=dropout)
    MMLogger.get_instance('gpu').setLevel('ERROR')  # it would say of each parameter how it starts
    model.init_weights()
    model.set_losses(STAGES[stage])
    model.chunk = chunk
    return model


def studies(count: int, tiny: bool, device: str, seed: int = 0,
            size: int | None = None) -> tuple[torch.Tensor, Reports]:
    """Noise of so many pixels a side and reports as long as real ones, on a device."""
    images, reports = random_studies(count, size or (32 if tiny else 224), seed)
    return images.to(device), Reports(*(part.to(device) for part in reports))


class Training:
    """A model and its optimizer.

    Args:
        model: The model, on its device; any wrapper of it, too.
        dtype: What :class:`AutocastOptimWrapper` takes.
        plain: An optimizer that is neither fused nor goes over lists of tensors.
    """

    def __init__(self, model: torch.nn.Module, dtype: str, plain: bool = False) -> None:
        self.model = model
        options = dict(foreach=False) if plain else dict(fused=True)
        self.wrapper: AutocastOptimWrapper = build_optim_wrapper(model, dict(
            type='prior_mm.AutocastOptimWrapper', dtype=dtype,
            optimizer=dict(type='AdamW', lr=1e-5, weight_decay=1e-6, **options)))

    def step(self, data: tuple[torch.Tensor, Reports]) -> torch.Tensor:
        """A step; the loss before it."""
        with self.wrapper.optim_context(self.model):
            losses = self.model(*data, mode='loss')
        loss = sum(losses.values())
        self.wrapper.update_params(loss)
        return loss.detach()


def operations(stage: int, tiny: bool, count: int = 2) -> float:
    """Floating-point operations of a step, for each study."""
    training = Training(build(stage, tiny), 'float32')
    with FlopCounterMode(display=False) as counter:
        training.step(studies(count, tiny, 'cpu'))
    return counter.get_total_flops() / count


@contextmanager
def without_tf32() -> Iterator[None]:
    """Matrix products and convolutions in true float32."""
    kept = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = kept
