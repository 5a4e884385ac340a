"""Encoders as transformers loads them: by its Auto classes, offline, without any code of ours."""
import json

import numpy as np
import pytest
import torch
from test_export import backbone, image_checkpoint, run_card

from prior_mm.export import export

transformers = pytest.importorskip('transformers')


@pytest.mark.parametrize(('depth', 'options', 'channels'), [
    (18, dict(base_channels=32), 1), (18, {}, 3), pytest.param(50, {}, 3, marks=pytest.mark.slow)])
@torch.no_grad()
def test_image_encoder(tmp_path, depth, options, channels):
    """AutoModel takes every tensor and leaves none over; features and preprocessing are the training's."""
    path, encoder = image_checkpoint(tmp_path, backbone(depth, **options))
    export(path, tmp_path / 'out', 'image', 'transformers', channels)
    model, loading = transformers.AutoModel.from_pretrained(
        tmp_path / 'out', trust_remote_code=False, local_files_only=True, output_loading_info=True)
    assert isinstance(model, transformers.ResNetModel)
    assert not any(loading[name] for name in ('missing_keys', 'unexpected_keys', 'mismatched_keys'))
    film = np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8)
    processor = transformers.AutoImageProcessor.from_pretrained(
        tmp_path / 'out', trust_remote_code=False, local_files_only=True)
    made_ready = processor(film.repeat(channels, axis=2), return_tensors='pt', input_data_format='channels_last')
    ours = (torch.from_numpy(film / 255.).float()[None, None, ..., 0] - 0.4755) / 0.3011
    torch.testing.assert_close(made_ready.pixel_values, ours.repeat(1, channels, 1, 1), rtol=1e-5, atol=1e-5)
    expected = encoder.backbone(ours)[-1]
    found = model.eval()(made_ready.pixel_values).last_hidden_state
    assert expected.std() > 1e-2
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    card = run_card(tmp_path / 'out', images=made_ready.pixel_values)
    torch.testing.assert_close(card['features'], found)
    assert json.loads((tmp_path / 'out/config.json').read_text())['prior_mm']['names'] == 'transformers'


@pytest.mark.parametrize('options', [dict(deep_stem=True), dict(avg_down=True)])
def test_what_transformers_has_not(tmp_path, options):
    """A ResNet that transformers would compute otherwise is refused, and so is a PyTorch file."""
    path, _ = image_checkpoint(tmp_path, backbone(18, **options))
    with pytest.raises(ValueError, match=next(iter(options))):
        export(path, tmp_path / 'out', 'image', 'transformers')
    with pytest.raises(ValueError, match='leave --format out'):
        export(path, tmp_path / 'out', 'image', 'transformers', file_format='pth')
