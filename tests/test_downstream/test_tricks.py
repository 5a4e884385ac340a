"""The tricks of fine-tuning: each arrives where it should, alone, and what has no place is refused."""
import pytest
import torch
from test_settings import config, root  # noqa: F401  (a fixture)

from prior_mm.downstream.settings import apply_settings


def made(root, **downstream):  # noqa: F811
    changed = config(root, **downstream)
    changed.optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3))
    changed.model.head = dict(type='mmpretrain.MultiLabelLinearClsHead', num_classes=1, in_channels=8)
    return changed, apply_settings(changed)


def test_without_tricks_nothing_changes(root):  # noqa: F811
    """The head, the optimizer and the folder's name are the config's."""
    changed, settings = made(root)
    assert changed.optim_wrapper == dict(optimizer=dict(type='AdamW', lr=1e-3))
    assert changed.model.head.type == 'mmpretrain.MultiLabelLinearClsHead'
    assert settings.run_name(0) == 'demo-1_seed0_labels100_finetune_pretrained-run_seed0'


def test_each_arrives(root):  # noqa: F811
    """The rate of the backbone, the norm, the initialisation; the name of the folder tells them apart."""
    changed, settings = made(root, backbone_rate=.1, head_norm=True, head_init='truncated_normal')
    assert changed.optim_wrapper.paramwise_cfg.custom_keys == dict(backbone=dict(lr_mult=.1))
    assert '_rate0.1_normed_truncated_' in settings.run_name(0)
    assert changed.downstream.head_init == 'truncated_normal' and changed.downstream.backbone_rate == .1
    pytest.importorskip('mmpretrain')
    import prior_mm.downstream.classification  # noqa: F401
    from prior_mm.registry import MODELS
    torch.manual_seed(0)
    head = MODELS.build(dict(changed.model.head, loss=dict(type='prior_mm.MaskedBCELoss')))
    head.init_weights()
    assert 0 < head.fc.weight.abs().max() < 1e-3 and (head.fc.bias == 0).all()
    features = torch.randn(4, 8) * 100 + 7
    normed = head.pre_logits((features, ))
    assert normed.mean(dim=1).abs().max() < 1e-3 and normed.std(dim=1, correction=0).sub(1).abs().max() < 1e-3


def test_the_rates_of_a_run(root):  # noqa: F811
    """MMEngine gives the backbone a tenth of the head's rate."""
    from mmengine.optim import build_optim_wrapper
    changed, _ = made(root, backbone_rate=.1)
    model = torch.nn.ModuleDict(dict(backbone=torch.nn.Linear(2, 2), head=torch.nn.Linear(2, 2)))
    wrapper = build_optim_wrapper(model, dict(type='OptimWrapper', **changed.optim_wrapper.to_dict()))
    rates = {id(parameter): group['lr'] for group in wrapper.param_groups for parameter in group['params']}
    assert {rates[id(p)] for p in model.backbone.parameters()} == {1e-3 * .1}
    assert {rates[id(p)] for p in model.head.parameters()} == {1e-3}


def test_normalisation_of_a_protocol(root):  # noqa: F811
    """The protocol's mean and deviation go before those of the weights, which are then not compared."""
    changed, _ = made(root, normalise=[0.4978, 0.2449])
    assert changed.model.data_preprocessor.mean == [0.4978 * 255]
    assert changed.model.data_preprocessor.std == [0.2449 * 255]
    assert 'mean' not in changed.model.backbone.init_cfg


@pytest.mark.parametrize(('downstream', 'message'), [
    (dict(backbone_rate=2), 'above 0 and at most 1'), (dict(backbone_rate='x'), 'above 0 and at most 1'),
    (dict(backbone_rate=.1, frozen=True), 'a frozen backbone has no rate'),
    (dict(head_init='zeros'), 'truncated_normal'), (dict(normalise=[127, 50]), 'shares of the range'),
    (dict(normalise=.5), 'shares of the range')])
def test_what_is_refused(root, downstream, message):  # noqa: F811
    """A rate that is none, a trick that is none, pixels where shares are wanted."""
    with pytest.raises(ValueError, match=message):
        made(root, **downstream)


def test_weights_of_others_arrive(root, tmp_path):  # noqa: F811
    """A folder of timm: its backbone, the head's channels, its mean and deviation, and what a result records of it."""
    timm = pytest.importorskip('timm')
    from safetensors.torch import save_file
    folder = tmp_path / 'vit'
    folder.mkdir()
    save_file(timm.create_model('vit_tiny_patch16_224', embed_dim=64, depth=4, num_heads=1, img_size=64,
                                num_classes=0).state_dict(), folder / 'model.safetensors')
    (folder / 'config.json').write_text(
        '{"architecture": "vit", "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}}')
    for training in (True, False):
        changed = config(root, pretrained=str(folder))
        changed.optim_wrapper, changed.model.head = dict(optimizer=dict(lr=1e-3)), dict(in_channels=2048)
        for _ in range(2):  # twice is as once
            apply_settings(changed, training)
        assert changed.model.backbone.type == 'prior_mm.TimmBackbone' and changed.model.head.in_channels == 64
        assert changed.model.data_preprocessor.mean == [127.5] and changed.model.data_preprocessor.std == [63.75]
        assert changed.downstream.weights == dict(source='timm vit', mean=.5, std=.25, size=None, channels=3,
                                                  assumed='heads of 64 channels, GELU')
    changed = config(root, pretrained=str(folder), normalise=(0.4978, 0.2449))
    changed.model.head = dict(in_channels=2048)
    apply_settings(changed)
    assert changed.model.data_preprocessor.mean == [0.4978 * 255]  # the protocol's go before


def test_a_rate_beside_other_rates(root):  # noqa: F811
    """MMEngine takes one key for a parameter: norms without decay would get one, and a longer key its own rate."""
    for own in (dict(norm_decay_mult=0.), dict(custom_keys=dict(pos_embed=dict(decay_mult=0.)))):
        changed = config(root, backbone_rate=.1)
        changed.optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3), paramwise_cfg=own)
        with pytest.raises(ValueError, match=r'backbone_rate does not go with optim_wrapper.paramwise_cfg \(.*(n|p)o'):
            apply_settings(changed)
    changed, _ = made(root, backbone_rate=.1)
    apply_settings(changed)  # twice is as once
    assert changed.optim_wrapper.paramwise_cfg.custom_keys == dict(backbone=dict(lr_mult=.1))
