"""Weights of others: made-up files with the published names and shapes (small) load whole, or are refused."""
import json

import pytest
import timm
import torch
from timm.models import save_for_hf
from transformers import (
    ConvNextConfig,
    ConvNextModel,
    Dinov2Config,
    Dinov2Model,
    ResNetConfig,
    ResNetModel,
    SwinConfig,
    SwinModel,
    ViTConfig,
    ViTModel,
)

import prior_mm.models  # noqa: F401  (registers the backbone)
from prior_mm.checkpoints.backbone_weights import load_backbone
from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.checkpoints.others import read_other
from prior_mm.checkpoints.others.one_channel import to_one_channel
from prior_mm.registry import MODELS

VIT = dict(embed_dim=64, depth=4, num_heads=1, patch_size=16, img_size=64)


def randomised(model, seed=0):
    """Its tensors, none of which is as an initialiser leaves it."""
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.rand(value.shape, generator=generator) * .2 + .05 if value.is_floating_point() else value
            for name, value in model.state_dict().items()}


def vit(**options):
    return timm.create_model('vit_base_patch16_224', num_classes=0, **VIT, **options)


def resnet():
    return randomised(timm.create_model('resnet18', num_classes=0))


def prefixed(prefix, weights, **more):
    return {**{f'{prefix}{name}': value for name, value in weights.items()}, **more}


def clip_names(weights):
    """timm's names of a ViT as CLIP has them."""
    renamed = {}
    for name, value in weights.items():
        for old, new in (('blocks.', 'transformer.resblocks.'), ('attn.qkv.', 'attn.in_proj_'),
                         ('attn.proj.', 'attn.out_proj.'), ('norm_pre.', 'ln_pre.'), ('norm1.', 'ln_1.'),
                         ('norm2.', 'ln_2.'), ('mlp.fc1.', 'mlp.c_fc.'), ('mlp.fc2.', 'mlp.c_proj.'),
                         ('patch_embed.proj.weight', 'conv1.weight')):
            name = name.replace(old, new)
        renamed['ln_post.' + name[5:] if name.startswith('norm.') else name] = value
    renamed['class_embedding'] = renamed.pop('cls_token')[0, 0]
    renamed['positional_embedding'] = renamed.pop('pos_embed')[0]
    return prefixed('visual.', renamed, token_embedding=torch.ones(1)) | {'token_embedding.weight': torch.ones(1)}


def dense(**options):
    return randomised(timm.create_model('densenet121', in_chans=1, block_config=(1, 2, 1, 1), **options))


ONE = torch.ones(1)
FILES = {
    'PRIOR': lambda: prefixed('image_encoder.encoder.', resnet()),
    'GLoRIA': lambda: dict(state_dict=prefixed('gloria.img_encoder.model.', resnet())),
    'MGCA': lambda: dict(state_dict=prefixed('img_encoder_q.model.', resnet(), **{'prototype_layer.weight': ONE})),
    'ConVIRT of MGCA': lambda: dict(state_dict=prefixed('img_encoder.model.', resnet(), **{
        'img_encoder.global_embed.head.0.weight': ONE, 'text_encoder.model.embeddings.LayerNorm.weight': ONE})),
    'ConVIRT of BenchX': lambda: dict(model=prefixed('visual.model.', resnet(), **{
        'linguistic.encoder.pooler.dense.bias': ONE, 'vis_proj.0.weight': ONE, 'lin_proj.0.weight': ONE})),
    'BioViL-T': lambda: prefixed('encoder.encoder.', resnet(), **{'encoder.backbone_to_vit.weight': ONE}),
    'BioViL': lambda: prefixed('encoder.encoder.', resnet(), **{'projector.model.0.weight': ONE}),
    'MGCA (ViT)': lambda: dict(state_dict=prefixed('img_encoder_q.model.', randomised(vit()),
                                                   **{'prototype_layer.weight': ONE})),
    'MRM': lambda: dict(model=prefixed('', randomised(vit()), **{'decoder_blocks.0.norm1.weight': ONE,
                                                                 'bert_encoder.x': ONE})),
    'CheXzero': lambda: clip_names(randomised(vit(pre_norm=True))),
    'TorchXRayVision (loaded and saved)': lambda: prefixed('', dense(num_classes=0), op_threshs=ONE),
    'TorchXRayVision (of the file, without op_threshs)': lambda: dense(num_classes=18),
    'TorchXRayVision (ResNet)': lambda: randomised(timm.create_model('resnet18', in_chans=1, num_classes=18)),
    'TorchXRayVision (ResNet, loaded and saved)': lambda: prefixed('model.', randomised(timm.create_model(
        'resnet18', in_chans=1, num_classes=18)), op_threshs=ONE),
}


def build(other):
    return MODELS.build(dict(other.architecture.config, in_channels=1, out_indices=other.architecture.indices))


@pytest.mark.parametrize('name', FILES)
def test_published_files(name, tmp_path):
    """Each is recognised, its backbone is built, takes every tensor, and gives maps of the channels that are said."""
    save_checkpoint(FILES[name](), tmp_path / 'a.pth')
    other = read_other(tmp_path / 'a.pth')
    assert other.source == name.split(' (')[0] and other.mean is not None and 'assumed' not in other.said
    backbone = build(other)
    meta = load_backbone(backbone, tmp_path / 'a.pth')
    assert meta['preprocessing']['mean'] == pytest.approx(other.mean)
    loaded = backbone.state_dict()
    assert all(torch.equal(loaded[key], other.weights[key]) for key in loaded if 'num_batches' not in key)
    backbone.eval()
    maps = backbone(torch.randn(1, 1, 64, 64))
    assert tuple(one.shape[1] for one in maps) == other.architecture.channels


def test_preprocessing_of_each(tmp_path):
    """Means and deviations as shares of the range, sizes, channels: as their code has them."""
    seen = {}
    for name, make in FILES.items():
        save_checkpoint(make(), tmp_path / 'a.pth')
        said = read_other(tmp_path / 'a.pth').said
        seen[name] = said['mean'], said['std'], said['size'], said['channels']
    half = (0.5, 0.5, 224, 3)
    assert seen['GLoRIA'] == seen['MGCA'] == seen['MGCA (ViT)'] == seen['ConVIRT of MGCA'] == half
    assert seen['ConVIRT of BenchX'] == (pytest.approx(.449), pytest.approx(.226), 224, 3)
    assert seen['BioViL'] == (0, 1, 480, 3) and seen['BioViL-T'] == (0, 1, 448, 3)
    assert seen['MRM'] == (0.4978, 0.2449, 224, 3)
    sizes = [512 if 'ResNet' in name else 224 for name in FILES if 'XRay' in name]
    assert [seen[name] for name in FILES if 'XRay' in name] == [(0.5, 0.5 / 1024, size, 1) for size in sizes]
    assert seen['CheXzero'][0] * 255 == pytest.approx(101.48761)


def test_medklip(tmp_path):
    """A trunk of three stages, under numbers in place of names, and ImageNet's means."""
    order = {'conv1': '0', 'bn1': '1', 'layer1': '4', 'layer2': '5', 'layer3': '6'}
    weights = randomised(timm.create_model('resnet50', num_classes=0))
    renamed = {f'module.res_features.{order[name.split(".")[0]]}.{name.split(".", 1)[1]}': value
               for name, value in weights.items() if name.split('.')[0] in order}
    save_checkpoint(dict(model=renamed), tmp_path / 'a.pth')
    other = read_other(tmp_path / 'a.pth')
    assert other.source == 'MedKLIP' and other.architecture.channels == (256, 512, 1024)
    backbone = build(other)
    load_backbone(backbone, tmp_path / 'a.pth')
    backbone.eval()
    assert backbone(torch.randn(1, 1, 64, 64))[-1].shape == (1, 1024, 4, 4)


SMALL = dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=4, intermediate_size=128, image_size=64)
FOLDERS = {
    'vit': lambda: ViTModel(ViTConfig(patch_size=16, **SMALL), add_pooling_layer=True),
    'vit (QuickGELU)': lambda: ViTModel(ViTConfig(patch_size=16, hidden_act='quick_gelu', **SMALL)),
    'dinov2': lambda: Dinov2Model(Dinov2Config(patch_size=16, mlp_ratio=2, **{
        key: value for key, value in SMALL.items() if key != 'intermediate_size'})),
    'convnext': lambda: ConvNextModel(ConvNextConfig(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1])),
    'swin': lambda: SwinModel(SwinConfig(embed_dim=32, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 4], image_size=224)),
    'resnet': lambda: ResNetModel(ResNetConfig(embedding_size=64, hidden_sizes=[256, 512, 1024, 2048],
                                               depths=[3, 4, 6, 3])),
}


@pytest.mark.slow
@pytest.mark.parametrize('kind', FOLDERS)
def test_hugging_face_folders(kind, tmp_path):
    """A folder as save_pretrained leaves it gives the features that transformers gives, of a gray image."""
    theirs = FOLDERS[kind]().eval()
    theirs.load_state_dict(randomised(theirs, 3) if kind != 'resnet' else theirs.state_dict())
    theirs.save_pretrained(tmp_path)
    kind = kind.split(' (')[0]
    mean, std = [.4, .5, .6], [.2, .25, .3]
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(dict(
        image_mean=mean, image_std=std, size=dict(height=64, width=64))))
    other = read_other(tmp_path)
    assert other.source == f'Hugging Face {kind}' and other.size == 64
    ours = build(other)
    load_backbone(ours, tmp_path)
    ours.eval()  # MMPretrain's gives nothing back
    side = 224 if kind == 'swin' else 64
    gray = torch.rand(2, 1, side, side)
    coloured = (gray - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
    with torch.no_grad():
        wanted = theirs(coloured).last_hidden_state
        found = ours((gray - other.mean) / other.std)[-1]
    if kind in ('vit', 'dinov2'):
        wanted = wanted[:, 1:]
    wanted = wanted.transpose(1, 2).reshape(found.shape) if wanted.ndim == 3 else wanted
    if kind == 'resnet':  # whose first convolution sees padding, where the means of the channels differ
        assert (found - wanted).norm() < 0.1 * wanted.norm()
    else:
        assert torch.allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_timm_folder(tmp_path):
    """A folder as timm saves it: weights and means of its config."""
    from safetensors.torch import save_file
    save_file(randomised(vit()), tmp_path / 'model.safetensors')
    (tmp_path / 'config.json').write_text(json.dumps(dict(architecture='vit_x', pretrained_cfg=dict(
        mean=[.5] * 3, std=[.25] * 3, input_size=[3, 64, 64]))))
    other = read_other(tmp_path)
    assert (other.source, other.mean, other.std, other.size) == ('timm vit_x', .5, .25, 64)
    load_backbone(build(other), tmp_path)


BY_NAME = {
    'vit_base_patch16_224': dict(VIT, num_heads=4),
    'vit_base_patch16_clip_224': dict(VIT, num_heads=4),
    'vit_base_patch32_clip_quickgelu_224': VIT,
    'vit_base_patch14_reg4_dinov2': dict(VIT, patch_size=8),
    'convnextv2_tiny': dict(depths=(1, 1, 2, 1), dims=(8, 16, 24, 32)),
    'resnetblur18': {},
    'resnet18': {},
}


@pytest.mark.parametrize('name', BY_NAME)
def test_timm_folders_by_name(name, tmp_path):
    """Heads, activation, registers and pooling are those of the architecture that a folder names: timm's features."""
    theirs = timm.create_model(name, num_classes=0, **BY_NAME[name]).eval()
    if name != 'resnet18':
        theirs.load_state_dict(randomised(theirs, 3))
    save_for_hf(theirs, tmp_path, model_args=BY_NAME[name], safe_serialization=True)
    config = json.loads((tmp_path / 'config.json').read_text())
    config['pretrained_cfg'].update(mean=[.5] * 3, std=[.25] * 3)
    (tmp_path / 'config.json').write_text(json.dumps(config))
    other = read_other(tmp_path)
    ours = build(other)
    load_backbone(ours, tmp_path)
    ours.eval()
    assert (type(ours).__name__ == 'ResNet') is (name == 'resnet18') and 'assumed' not in other.said
    gray = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        wanted = theirs.forward_intermediates(((gray - .5) / .25).repeat(1, 3, 1, 1), indices=1, norm=True,
                                              output_fmt='NCHW', intermediates_only=True)[-1]
        found = ours((gray - other.mean) / other.std)[-1]
    assert torch.allclose(found, wanted, atol=1e-4 * wanted.abs().max())


def test_chexzero_computes_what_openai_clip_does(tmp_path):
    """QuickGELU and a norm before the blocks: the features of timm's CLIP of OpenAI's kind, not those with GELU."""
    theirs, gelu = (timm.create_model(f'vit_base_patch32_clip_{kind}224', num_classes=0, **VIT).eval()
                    for kind in ('quickgelu_', ''))
    for model in (theirs, gelu):
        model.load_state_dict(randomised(theirs, 3))
        model.double()
    save_checkpoint(clip_names(theirs.state_dict()), tmp_path / 'a.pth')
    other = read_other(tmp_path / 'a.pth')
    ours = build(other)
    load_backbone(ours, tmp_path / 'a.pth')
    gray = torch.rand(2, 1, 64, 64, dtype=torch.float64)
    images = (gray - other.mean) / other.std
    with torch.no_grad():
        found = ours.eval().double()(images)[-1]
        wanted, otherwise = (model.forward_features(images.repeat(1, 3, 1, 1))[:, 1:].mT.reshape(found.shape)
                             for model in (theirs, gelu))
    assert torch.allclose(found, wanted, atol=1e-7) and not torch.allclose(found, otherwise, atol=1e-4)


def test_what_may_be_another_model_is_refused(tmp_path):
    """CLIP's activation, the range of a gray DenseNet's images, tensors without a place: said, with what mends it."""
    for weights, message in ((randomised(vit(pre_norm=True)), 'of CLIP, and nothing says whether with GELU'),
                             (dense(num_classes=5), r'a DenseNet of one channel.*-1024 to 1024.*config.json')):
        save_checkpoint(weights, tmp_path / 'a.pth')
        with pytest.raises(ValueError, match=message):
            read_other(tmp_path / 'a.pth')
    odd = {'vit': {**randomised(vit()), 'blocks.0.attn.q_norm.weight': ONE}, 'registers': {
        **randomised(vit()), 'reg_token': ONE}}
    for weights in odd.values():
        save_checkpoint(weights, tmp_path / 'a.pth')
        with pytest.raises(ValueError, match='another architecture .*no place for 1 tensors of its features'):
            load_backbone(build(read_other(tmp_path / 'a.pth')), tmp_path / 'a.pth')
    torch.save(randomised(vit()), tmp_path / 'pytorch_model.bin')
    (tmp_path / 'config.json').write_text(json.dumps(dict(model_type='vit', hidden_act='mish')))
    with pytest.raises(ValueError, match="config.json says hidden_act='mish', which no backbone"):
        read_other(tmp_path)


def test_what_is_assumed_is_said(tmp_path, monkeypatch):
    """A vision transformer alone says neither heads nor activation: both are recorded and warned of."""
    save_checkpoint(randomised(vit()), tmp_path / 'a.pth')
    other = read_other(tmp_path / 'a.pth')
    assert other.said['assumed'] == 'heads of 64 channels, GELU'
    said = []
    monkeypatch.setattr('prior_mm.checkpoints.backbone_weights.print_log', lambda text, *rest: said.append(text))
    load_backbone(build(other), tmp_path / 'a.pth')
    assert 'assumed, by a rule, are heads of 64 channels, GELU' in said[-1]


def test_a_folder_says_its_own_range(tmp_path):
    """A gray DenseNet of 18 findings is not taken for TorchXRayVision's where a config gives mean and deviation."""
    torch.save(dense(num_classes=18), tmp_path / 'pytorch_model.bin')
    (tmp_path / 'config.json').write_text(json.dumps(dict(architecture='densenet121', pretrained_cfg=dict(
        mean=[.4], std=[.2]))))
    assert (read_other(tmp_path).mean, read_other(tmp_path).std) == (.4, .2)


@pytest.mark.parametrize('final_norm', [True, False])
def test_a_run_of_ours_keeps_its_final_norm(tmp_path, final_norm):
    """A transformer that was pre-trained without the norm at its end goes into the tasks without it."""
    model = dict(image_encoder=dict(backbone=dict(type='TimmBackbone', architecture='vit_tiny_patch16_224',
                                                  final_norm=final_norm)))
    weights = prefixed('image_encoder.backbone.model.', randomised(vit()))
    save_checkpoint(dict(meta=dict(config=dict(model=model)), state_dict=weights), tmp_path / 'epoch_1.pth')
    assert read_other(tmp_path / 'epoch_1.pth').architecture.config['final_norm'] is final_norm


def test_half_fits_are_refused(tmp_path):
    """A file that lacks a block's tensor, or a folder of another kind: the counts are said, nothing is loaded."""
    weights = randomised(vit())
    del weights['blocks.2.mlp.fc1.weight']
    save_checkpoint(prefixed('', weights, **{'decoder_blocks.0.x': ONE, 'bert_encoder.x': ONE}), tmp_path / 'a.pth')
    backbone = build(read_other(tmp_path / 'a.pth'))
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    with pytest.raises(ValueError, match=r'fits 53 of 54 tensors.*half-fit is refused: model.blocks.2.mlp.fc1.weight '
                                         r'missing; 2 tensors of the file are left over'):
        load_backbone(backbone, tmp_path / 'a.pth')
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())
    (tmp_path / 'config.json').write_text('{"model_type": "bert"}')
    with pytest.raises(FileNotFoundError, match='holds no model.safetensors or pytorch_model.bin'):
        read_other(tmp_path)
    torch.save({'x': ONE}, tmp_path / 'pytorch_model.bin')
    with pytest.raises(ValueError, match='Hugging Face bert, but no backbone that is known'):
        read_other(tmp_path)


def test_ours_and_unknown_ones_are_left_alone(tmp_path):
    """Names of this project, of torchvision's ResNet and of nobody go the way they always went."""
    for weights in (prefixed('image_encoder.backbone.', resnet()), resnet(), dict(x=ONE)):
        save_checkpoint(weights, tmp_path / 'a.pth')
        assert read_other(tmp_path / 'a.pth') is None


def test_one_channel_is_the_same_function():
    """Means and deviations by channel go into one kernel and its bias: exact where nothing is padded."""
    generator = torch.Generator().manual_seed(0)
    weights = {'patch_embed.proj.weight': torch.randn(5, 3, 4, 4, generator=generator),
               'patch_embed.proj.bias': torch.randn(5, generator=generator)}
    mean, std = (.485, .456, .406), (.229, .224, .225)
    one, gray_mean, gray_std = to_one_channel(weights, 'patch_embed.proj.weight', mean, std)
    image = torch.rand(2, 1, 8, 8, generator=generator)
    coloured = (image - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
    wanted = torch.conv2d(coloured, *weights.values(), stride=4)
    found = torch.conv2d((image - gray_mean) / gray_std, *one.values(), stride=4)
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-4)
