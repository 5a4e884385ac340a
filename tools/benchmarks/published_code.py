"""The published implementation of PRIOR, run from a checkout of its repository, as the benchmarks run ours.

That code is not part of this project. Only its model runs: of the packages that it imports, those that take no part in
a training step (the Lightning module's loop, its schedulers, a similarity that is never called) are stood in for, so
that it needs none that ``requirements/`` does not name.
"""
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from prior_mm.structures import Reports

#: Ours, and what the published code calls it, in the parts of its losses.
LOSSES = dict(loss='loss', global_alignment='global_alignment_loss', local_image='local_image_loss',
              local_text='local_text_loss', prototype='proto_loss_', image_reconstruction='rec_image_loss',
              sentence_prototype='spg_loss', kl='kl_loss', global_prediction='gpa_loss')
PADDED, VOCABULARY = 256, 28996  # word pieces of a report; of Bio_ClinicalBERT


class _LightningModule(nn.Module):
    local_rank = 0


class _Conv2dReLU(nn.Sequential):
    """Convolution, batch normalisation and ReLU, as segmentation_models_pytorch puts them together."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, padding: int,
                 use_batchnorm: bool) -> None:
        super().__init__(nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding, bias=not use_batchnorm),
                         nn.BatchNorm2d(out_channels) if use_batchnorm else nn.Identity(), nn.ReLU(inplace=True))


def _no_attention(kind: None, in_channels: int) -> nn.Module:
    if kind is not None:
        raise ValueError(f'the published decoder asks for attention {kind!r}, which is not stood in for')
    return nn.Identity()


#: Module, and what the published code takes from it; None is never called in a step.
STAND_INS: dict[str, dict[str, Any]] = {
    'pytorch_lightning': dict(LightningModule=_LightningModule),
    'pl_bolts.models.self_supervised.simclr.simclr_module': dict(SyncFunction=None),
    'pl_bolts.optimizers.lr_scheduler': dict(linear_warmup_decay=None, LinearWarmupCosineAnnealingLR=None),
    'pl_bolts.optimizers.lars': dict(LARS=None),
    'kornia.losses': dict(ssim=None),
    'segmentation_models_pytorch.base': dict(Conv2dReLU=_Conv2dReLU, Attention=_no_attention),
}


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Its modules, and what stands in for others; afterwards these are gone, and others of these names as they were."""
    stand_ins: dict[str, ModuleType] = {}
    for name, members in STAND_INS.items():
        parts = name.split('.')
        for depth in range(1, len(parts) + 1):
            module = stand_ins.setdefault('.'.join(parts[:depth]), ModuleType(parts[depth - 1]))
            if depth > 1:
                setattr(stand_ins['.'.join(parts[:depth - 1])], parts[depth - 1], module)
        vars(module).update(members)
    bert = transformers.BertConfig(vocab_size=VOCABULARY)
    before = {name: sys.modules[name] for name in _ours_for_now(stand_ins)}
    with patch.object(sys, 'path', [str(folder / 'codes'), *sys.path]), \
            patch.object(transformers.AutoConfig, 'from_pretrained', lambda name: bert):
        try:
            for name in before:
                del sys.modules[name]
            sys.modules.update(stand_ins)
            yield
        finally:
            for name in _ours_for_now(stand_ins):
                del sys.modules[name]
            sys.modules.update(before)


def _ours_for_now(stand_ins: Mapping[str, ModuleType]) -> list[str]:
    tops = {'prior', *(name.split('.')[0] for name in stand_ins)}
    return [name for name in sys.modules if name.split('.')[0] in tops]


class PublishedPRIOR(nn.Module):
    """The published model with random weights and the published settings; called as ours is, for its losses.

    Args:
        folder: A checkout of its repository.
        stage: 1, 2 or 3.
        dropout: Without it, and without the noise of the prototype bank, two calls give the same losses.

    Raises:
        FileNotFoundError: If the folder holds no such code.
    """

    def __init__(self, folder: str | Path, stage: int, dropout: bool = True) -> None:
        super().__init__()
        if not (Path(folder) / 'codes' / 'prior' / 'models' / 'prior.py').is_file():
            raise FileNotFoundError(f'{folder} has no codes/prior/models/prior.py: --published takes a checkout of the '
                                    'repository of the published implementation')
        torch.manual_seed(0)
        with _importable(Path(folder)):
            resnet, bert, prior = map(import_module, (
                'prior.encoders.image.resnet', 'prior.encoders.language.bert', 'prior.models.prior'))
            self.model = prior.Prior(
                bert.ClinicalBERT(pretrained=False), resnet.ResNet(1, 'resnet50', 'attention', pretrained=False),
                gpus=[0], embed_dim=768, temperature=0.01, local_temperature=0.01, train_dataset=[]).train()
        self.stage, self.noise = stage, dropout
        if not dropout:
            for module in self.model.modules():
                if isinstance(module, _DropoutNd):
                    module.p = 0.
                if hasattr(module, 'dropout_prob'):  # of the fused attention
                    module.dropout_prob = 0.

    def forward(self, images: Tensor, reports: Reports, mode: str = 'loss') -> dict[str, Tensor]:
        """The total alone, as ``loss``."""
        return dict(loss=self.parts(images, reports)['loss'])

    def parts(self, images: Tensor, reports: Reports) -> dict[str, Tensor]:
        """The total as ``loss``, and what it is made of, under our names."""
        with patch.object(F, 'gumbel_softmax', F.gumbel_softmax if self.noise else _without_noise):
            _, losses = getattr(self.model, f'stage{self.stage}_step')(_batch(images, reports))
        return {ours: losses[f'stage{self.stage}_{theirs}'] for ours, theirs in LOSSES.items()
                if f'stage{self.stage}_{theirs}' in losses}


def _without_noise(logits: Tensor, tau: float, dim: int, hard: bool) -> Tensor:
    return F.softmax(logits / tau, dim=dim)


def _batch(images: Tensor, reports: Reports) -> dict[str, Any]:
    """As its data set hands it over: padded to 256 word pieces, sentences counted from 1."""
    missing = PADDED - reports.token_ids.shape[1]
    index = reports.sentence_index + (reports.sentence_index >= 0).to(reports.sentence_index.dtype)
    return dict(image=images, text=dict(input_ids=F.pad(reports.token_ids, (0, missing)),
                                        attention_mask=F.pad(reports.token_mask.long(), (0, missing))),
                text_meta=dict(sentence_index=F.pad(index, (0, PADDED - index.shape[1]), value=-1)))
