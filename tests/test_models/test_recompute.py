"""Activation checkpointing of encoders and image decoder: the same numbers to the bit, and fewer activations kept."""
import copy

import pytest
import torch
from mmengine.model import revert_sync_batchnorm
from torch import nn
from transformers import DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from prior_mm.models import ImageDecoder, ImageEncoder, TextEncoder
from prior_mm.models.recompute import recompute_blocks
from prior_mm.structures import Reports

SIZES = dict(vocab_size=20, hidden_size=12, num_hidden_layers=3, num_attention_heads=2, intermediate_size=48)
# With 8 channels (channels last), an odd batch and two threads, PyTorch 2.10 writes beyond a gradient on the CPU.
RESNET = dict(type='mmpretrain.ResNet', depth=18, in_channels=1, stem_channels=16, base_channels=16)
BACKBONES = {
    'ResNet': (RESNET, 128),
    'ResNet with fixed statistics': (dict(RESNET, norm_eval=True), 128),
    'ConvNeXt with stochastic depth': (
        dict(type='mmpretrain.ConvNeXt', arch='atto', in_channels=1, gap_before_final_norm=False, drop_path_rate=0.5),
        320),
}


def image_encoder(name: str, with_cp: bool) -> ImageEncoder:
    torch.manual_seed(0)
    backbone, channels = BACKBONES[name]
    return ImageEncoder(copy.deepcopy(backbone), channels, grid=(2, 2), with_cp=with_cp).train()


def text_encoder(name: str, with_cp: bool, folder) -> TextEncoder:
    torch.manual_seed(0)
    if name == 'BERT':
        return TextEncoder(config=SIZES, with_cp=with_cp).train()
    if not folder.exists():
        model = (RobertaModel(RobertaConfig(**SIZES)) if name == 'RoBERTa' else
                 DistilBertModel(DistilBertConfig(vocab_size=20, dim=12, n_layers=3, n_heads=2, hidden_dim=48)))
        model.save_pretrained(folder)
    return TextEncoder(pretrained=str(folder), with_cp=with_cp).train()


def reports() -> Reports:
    tokens = [[2, 7, 8, 9, 3], [2, 5, 3]]
    return Reports.from_sequences(tokens, [[0] * len(ids) for ids in tokens], pad_id=1)


def two_steps(encoder: nn.Module, run, dtype: torch.dtype = torch.float32) -> tuple[dict, int]:
    """Outputs, gradients and buffers after two steps; and the bytes of activations kept in the second forward."""
    kept: dict[int, int] = {}

    def keep(tensor):
        if not isinstance(tensor, nn.Parameter):
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    for step in range(2):
        encoder.zero_grad()
        torch.manual_seed(step)
        kept.clear()
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), \
                torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
            outputs = run(encoder)
        size = sum(kept.values())
        sum(output.float().square().sum() for output in outputs).backward()
    seen = {f'output {number}': output for number, output in enumerate(outputs)}
    seen.update((f'gradient of {name}', p.grad) for name, p in encoder.named_parameters() if p.grad is not None)
    seen.update((f'buffer {name}', buffer) for name, buffer in encoder.named_buffers())
    return seen, size


def assert_equal(ours: dict, plain: dict) -> None:
    assert ours.keys() == plain.keys()
    different = [name for name, value in plain.items() if not torch.equal(ours[name], value)]
    assert different == []


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('name', BACKBONES)
def test_image_encoder(name, dtype):
    """Features, gradients and running statistics are those without, random numbers and all."""
    images = torch.randn(3, 1, 64, 64, generator=torch.Generator().manual_seed(1))

    def run(encoder):
        features = encoder(images)
        return features.patches, features.pooled

    plain, all_kept = two_steps(image_encoder(name, False), run, dtype)
    ours, kept = two_steps(image_encoder(name, True), run, dtype)
    assert_equal(ours, plain)
    assert kept < 0.7 * all_kept


def test_replaced_normalisation():
    """Running statistics are right also where the norms are replaced later, as MMEngine does for SyncBatchNorm."""
    images = torch.randn(3, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    plain, ours = (two_steps(revert_sync_batchnorm(nn.SyncBatchNorm.convert_sync_batchnorm(
        image_encoder('ResNet', with_cp))), lambda encoder: [encoder(images).pooled])[0] for with_cp in (False, True))
    assert_equal(ours, plain)


@pytest.mark.parametrize('name', ['BERT', 'RoBERTa', 'DistilBERT'])
def test_text_encoder(name, tmp_path):
    """Features and gradients are those without, dropout and all; BERT's way without padding included."""

    def run(encoder):
        return [encoder(reports())]

    plain, all_kept = two_steps(text_encoder(name, False, tmp_path / 'model'), run)
    ours, kept = two_steps(text_encoder(name, True, tmp_path / 'model'), run)
    assert_equal(ours, plain)
    assert kept < 0.7 * all_kept


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_image_decoder(dtype):
    """Images, gradients and running statistics are those without, dropped channels and all."""
    maps = torch.randn(2, 3, 64, 4, 4, generator=torch.Generator().manual_seed(1))

    def decoder(with_cp: bool) -> ImageDecoder:
        torch.manual_seed(0)
        return ImageDecoder(64, stride=8, with_cp=with_cp).train()

    def run(decoder):
        return [decoder(*maps)]

    plain, all_kept = two_steps(decoder(False), run, dtype)
    ours, kept = two_steps(decoder(True), run, dtype)
    assert_equal(ours, plain)
    assert kept < 0.7 * all_kept


@torch.no_grad()
def test_evaluation():
    """Without gradients nothing is kept anyway, and the features are the same; a copy runs its own blocks."""
    images = torch.randn(2, 1, 64, 64)
    plain, ours = (image_encoder('ResNet', with_cp).eval() for with_cp in (False, True))
    assert torch.equal(ours(images).patches, plain(images).patches)
    changed = copy.deepcopy(ours)
    for parameter in ours.parameters():
        parameter.zero_()
    assert torch.equal(changed(images).patches, plain(images).patches)


def test_without_blocks():
    """A backbone without blocks is an error that names it, not an option that does nothing."""
    with pytest.raises(ValueError, match='a Conv2d has no nn.Sequential or nn.ModuleList'):
        recompute_blocks(nn.Conv2d(1, 1, 1))
