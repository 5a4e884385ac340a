"""Every method beside PRIOR with tiny encoders, and a batch for them."""
import torch

from prior_mm.registry import MODELS
from prior_mm.structures import WordReports

METHODS = {
    'ConVIRT': dict(embed_dims=16),
    'SigLIP': dict(type='DualEncoder', embed_dims=16, global_alignment=dict(type='SigmoidAlignment', bias=-1.)),
    'CXRCLIP': dict(embed_dims=16),
    'GLoRIA': dict(embed_dims=16, local_channels=64),
    'MGCA': dict(embed_dims=16, prototypes=dict(type='CrossModalPrototypes', num_prototypes=7)),
    'AFLoc': dict(embed_dims=16, local_channels=64, word_channels=32),
}


def tiny(name: str, **changes) -> torch.nn.Module:
    torch.manual_seed(0)
    config = dict(
        type=name,
        image_encoder=dict(type='ImageEncoder', out_channels=128, stride=32, pooled_by='mean', backbone=dict(
            type='mmpretrain.ResNet', depth=18, in_channels=1, stem_channels=16, base_channels=16,
            out_indices=(1, 2, 3))),
        text_encoder=dict(type='TextEncoder', last_layers=2 if name in ('GLoRIA', 'AFLoc') else 1, config=dict(
            hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, vocab_size=50,
            hidden_dropout_prob=0., attention_probs_dropout_prob=0.)))
    return MODELS.build({**config, **METHODS[name], **changes}).eval()


def batch(lengths: list[list[int]], seed: int = 0, twice: bool = False) -> tuple[torch.Tensor, WordReports]:
    """Images, and reports whose sentences have these numbers of word pieces, two of which are a word."""
    generator = torch.Generator().manual_seed(seed)
    lengths = lengths * (1 + twice)
    tokens = [[2, *torch.randint(5, 50, (sum(study), ), generator=generator).tolist(), 3] for study in lengths]
    sentences = [[-1, *(n for n, length in enumerate(study) for _ in range(length)), -1] for study in lengths]
    words = [[-1, *(piece // 2 for piece in range(sum(study))), -1] for study in lengths]
    images = torch.randn(len(tokens), 1, 64, 64, generator=generator)
    return images, WordReports.from_sequences(tokens, sentences, words)
