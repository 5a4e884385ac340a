"""The benchmark of resting encoders: what it writes as a checkpoint is what it has measured."""
import sys
from pathlib import Path
from types import SimpleNamespace

import torch

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'benchmarks'))

from grounding_frozen import VARIANTS, Head, save

from prior_mm.checkpoints.checkpoint import load_state_dict
from prior_mm.models.encoders.projection import projection


def test_checkpoint_has_what_was_trained(tmp_path):
    """The written projection takes the backbone's own features, not those brought to deviation 1; the rest is kept."""
    torch.manual_seed(0)
    features = 5 + 3 * torch.randn(2, 4, 64)
    head = Head(VARIANTS['grounded'], features.mean(dim=(0, 1)), features.std(dim=(0, 1)))
    before = {'text_encoder.kept': torch.ones(2), 'local_alignment.old': torch.ones(1),
              'local_image_projection.weight': torch.zeros(128, 256)}
    torch.save(dict(state_dict=before, meta={}), tmp_path / 'before.pth')
    save(head, SimpleNamespace(checkpoint=str(tmp_path / 'before.pth')), tmp_path / 'after.pth')
    weights = load_state_dict(tmp_path / 'after.pth')
    written = projection(64, 128)
    written.load_state_dict({name: weights[f'local_image_projection.{name}'] for name in ('weight', 'bias')})
    torch.testing.assert_close(written(features), head(features), atol=1e-4, rtol=1e-4)
    assert 'text_encoder.kept' in weights and 'local_alignment.old' not in weights
    assert torch.equal(weights['local_alignment.logit_scale'], head.align.logit_scale)


def test_maps_by_place():
    """The cosine of each place and the phrase, and an attention that adds up to 1 over the places."""
    head = Head(VARIANTS['grounded'], torch.zeros(64), torch.ones(64))
    patches, phrases = torch.randn(3, 6, 128), torch.randn(3, 128)
    maps = head.maps(patches, phrases, (2, 3))
    for study in range(3):
        for place in range(6):
            expected = torch.cosine_similarity(patches[study, place], phrases[study], dim=0)
            torch.testing.assert_close(maps['cosine'][study, place // 3, place % 3], expected)
    torch.testing.assert_close(maps['attention'].sum(dim=(1, 2)), torch.ones(3))
