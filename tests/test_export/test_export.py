"""Exported parts, loaded strictly by the libraries they are for, by the very code of their model cards."""
import json
import os
import re
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from nothing_silent_page import says
from rounding import rounding
from tiny_run import WORDS, tiny_config

from prior_mm.checkpoints.checkpoint import load_checkpoint, load_state_dict, save_checkpoint
from prior_mm.checkpoints.text_side import text_side
from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.export import export
from prior_mm.export.joint import check_types, load_joint
from prior_mm.files.file_hash import sha256
from prior_mm.models import PRIOR, ImageEncoder
from prior_mm.registry import MODELS
from prior_mm.structures import Reports
from prior_mm.tokenizer import describe_tokenizer, load_tokenizer

SYNTHETIC = dict(dataset='made up', split='train', synthetic=True, summary=dict(kept=7))


def backbone(depth: int = 18, **options) -> dict:
    return dict(type='mmpretrain.ResNet', depth=depth, in_channels=1, out_indices=(3, ), **options)


def image_checkpoint(folder: Path, config: dict) -> tuple[Path, ImageEncoder]:
    """A checkpoint of the image encoder alone; its batch normalisation has statistics, as after a training."""
    torch.manual_seed(0)
    encoder = ImageEncoder(backbone=config, out_channels=64, num_heads=1)
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    weights = {f'image_encoder.{name}': value for name, value in encoder.state_dict().items()}
    plain = json.loads(json.dumps(dict(model=dict(type='PRIOR', image_encoder=dict(backbone=config)))))
    preprocessing = dict(size=[64, 64], mean=0.4755, std=0.3011, pixel_range=[0.0, 1.0], channels=1)
    path = folder / 'epoch_1.pth'
    save_checkpoint(dict(state_dict=weights, meta=dict(config=plain, preprocessing=preprocessing, epoch=1, seed=3,
                                                       dataset_meta=SYNTHETIC)), path)
    return path, encoder.eval()


def run_card(folder: Path, **names) -> dict:
    """Run the Python lines of a model card in its folder; what they leave."""
    code = re.search(r'```python\n(.*?)```', (folder / 'README.md').read_text(), re.S)[1]
    before = Path.cwd()
    os.chdir(folder)
    try:
        exec(code, names)
    finally:
        os.chdir(before)
    return names


@pytest.mark.parametrize(('names', 'depth', 'options', 'file_format', 'channels'), [
    ('torchvision', 18, {}, 'pth', 3), ('timm', 18, dict(base_channels=32), 'pth', 1),
    ('mm', 18, dict(base_channels=32), 'safetensors', 3),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ('torchvision', 50, {}, 'safetensors', 1), ('timm', 50, {}, 'safetensors', 3), ('mm', 50, {}, 'pth', 1)))])
@torch.no_grad()
def test_image_encoder(tmp_path, names, depth, options, file_format, channels):
    """torchvision, timm and MMPretrain load it strictly and give our features, from one channel or three copies."""
    path, encoder = image_checkpoint(tmp_path, backbone(depth, **options))
    export(path, tmp_path / 'out', 'image', names, channels, file_format)
    images = torch.randn(2, 1, 64, 64, dtype=torch.float64)
    torch.set_default_dtype(torch.float64)  # of the model that the card builds: libraries order their sums differently
    try:
        loaded = run_card(tmp_path / 'out', images=images.repeat(1, channels, 1, 1))
    finally:
        torch.set_default_dtype(torch.float32)
    expected = encoder.double().backbone(images)[-1]
    assert expected.std() > 1e-2 and loaded['features'].shape == expected.shape
    error = (loaded['features'] - expected).abs().max() / expected.abs().max()
    # A third of a kernel is rounded to float32, as the file holds it; nothing else is.
    assert error < (1e-9 if channels == 1 else rounding(3)), f'{error:.1e}'


@pytest.mark.parametrize('names', ['torchvision', 'timm', 'transformers', 'mm'])
@torch.no_grad()
def test_the_map_that_was_taken(tmp_path, names):
    """Where the training took an earlier stage than the last, the card's lines take that one, not one never trained."""
    path, encoder = image_checkpoint(tmp_path, dict(backbone(), out_indices=(0, 2)))
    export(path, tmp_path / 'out', 'image', names)
    images = torch.randn(2, 1, 64, 64)
    expected = encoder.backbone(images)[-1]
    assert expected.shape[1:] == (256, 4, 4)
    torch.testing.assert_close(run_card(tmp_path / 'out', images=images)['features'], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(('options', 'channels'), [({}, 3), (dict(base_channels=32), 1)])
@torch.no_grad()
def test_timm_takes_the_folder(tmp_path, options, channels):
    """timm's own way to a local folder gives the very weights, and the mean and deviation to normalise with."""
    import timm
    path, _ = image_checkpoint(tmp_path, backbone(18, **options))
    export(path, tmp_path / 'out', 'image', 'timm', channels)
    model = timm.create_model(f'local-dir:{tmp_path}/out', pretrained=True)
    written = load_state_dict(tmp_path / 'out/model.safetensors')
    assert written.keys() == model.state_dict().keys()
    assert all(torch.equal(value, written[name]) for name, value in model.state_dict().items())
    assert timm.data.resolve_model_data_config(model)['mean'] == [0.4755] * channels
    says('Loud, but in the way', 'an export for another library', "timm's `create_model('local-dir:EXPORT')`",
         'loads all tensors, to the bit')


@pytest.mark.skipif(not has_compiled_mmcv(), reason='MMDetection and MMSegmentation need the compiled mmcv')
@pytest.mark.parametrize('toolbox', ['mmdet', 'mmseg'])
@torch.no_grad()
def test_other_toolboxes(tmp_path, toolbox):
    """The card's config builds the same backbone in MMDetection and MMSegmentation: the stem's width stands in it."""
    path, encoder = image_checkpoint(tmp_path, backbone(18, base_channels=32))
    export(path, tmp_path / 'out', 'image', 'mm')
    config = eval(re.search(r'MODELS\.build\((.*)\)', (tmp_path / 'out/README.md').read_text())[1])
    model = MODELS.build(dict(config, type=f'{toolbox}.ResNet')).double()
    model.eval()  # returns nothing there
    model.load_state_dict(load_state_dict(tmp_path / 'out/model.safetensors'), strict=True)
    images = torch.randn(1, 1, 64, 64, dtype=torch.float64)
    torch.testing.assert_close(model(images)[-1], encoder.double().backbone(images)[-1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(('config', 'names', 'message'), [
    (backbone(18, base_channels=32), 'torchvision', 'base_channels=32.*--names timm'),
    (backbone(50, style='caffe'), 'torchvision', 'style=caffe'), (backbone(18, deep_stem=True), 'timm', 'deep_stem'),
    (backbone(18, avg_down=True), 'timm', 'avg_down'),
    (backbone(18, strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)), 'timm', 'strides.*dilations'),
    (dict(type='mmpretrain.ConvNeXt', arch='atto', in_channels=1), 'timm', 'no counterpart of mmpretrain.ConvNeXt')])
def test_no_counterpart(tmp_path, config, names, message):
    """What another library would load and compute otherwise, or does not have, is refused; nothing is left behind."""
    path, _ = image_checkpoint(tmp_path, config)
    with pytest.raises(ValueError, match=message):
        export(path, tmp_path / 'out', 'image', names)
    assert not list(tmp_path.glob('out*'))


def test_config_of_another_model(tmp_path):
    """A config that is not the checkpoint's is seen by the number of blocks."""
    path, _ = image_checkpoint(tmp_path, backbone(18))
    (tmp_path / 'other.py').write_text(f'model = dict(image_encoder=dict(backbone={backbone(34)!r}))\n')
    with pytest.raises(ValueError, match='not those of a ResNet of depth 34'):
        export(path, tmp_path / 'out', 'image', 'timm', config=str(tmp_path / 'other.py'))


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """A tiny PRIOR as tools/train.py writes it, and its checkpoint."""
    folder = tmp_path_factory.mktemp('whole')
    config = tiny_config(folder / 'data', folder / 'work')
    torch.manual_seed(0)
    model = MODELS.build(config.model).eval()
    meta = dict(config=json.loads(json.dumps(config.to_dict())), dataset_meta=SYNTHETIC, epoch=6, seed=3,
                preprocessing=dict(size=[32, 32], mean=0.4755, std=0.3011, pixel_range=[0.0, 1.0], channels=1))
    save_checkpoint(dict(state_dict=model.state_dict(), meta=meta), folder / 'epoch_6.pth')
    return folder, model


REPORTS = Reports.from_sequences([[2, 5, 6, 14, 3], [2, 6, 7, 8, 9, 14, 3]],
                                 [[-1, 0, 0, 0, -1], [-1, 0, 0, 1, 1, 1, -1]])


@torch.no_grad()
def test_text_encoder(whole, tmp_path):
    """transformers loads the folder offline, with no tensor missing or left over, and gives our hidden states."""
    from transformers import AutoModel
    folder, model = whole
    export(folder / 'epoch_6.pth', tmp_path / 'text', 'text')
    loaded, loading = AutoModel.from_pretrained(tmp_path / 'text', add_pooling_layer=False, output_loading_info=True)
    assert not any(loading.values()), loading
    ours = deepcopy(model.text_encoder).double()(REPORTS)
    theirs = loaded.eval().double()(input_ids=REPORTS.token_ids,
                                    attention_mask=REPORTS.token_mask.long()).last_hidden_state
    assert (ours - theirs)[REPORTS.token_mask].abs().max() < 1e-9
    card = run_card(tmp_path / 'text')
    assert card['tokenizer']('the heart large .', add_special_tokens=False).input_ids \
        == [WORDS.index('[UNK]'), *(WORDS.index(word) for word in ('heart', 'large', '.'))]
    assert card['word_pieces'].shape[2] == 16


@torch.no_grad()
def test_text_encoder_of_several_layers(tmp_path):
    """The lines of the card sum the hidden states that the model sums, and do not take the last one for them."""
    config = tiny_config(tmp_path / 'data', tmp_path / 'work').to_dict()
    config['model']['text_encoder'].update(last_layers=2)
    config['model']['text_encoder']['config'].update(num_hidden_layers=2)
    encoder = MODELS.build(config['model']['text_encoder']).eval()
    weights = {f'text_encoder.{name}': value for name, value in encoder.state_dict().items()}
    save_checkpoint(dict(state_dict=weights, meta=dict(config=json.loads(json.dumps(config)))), tmp_path / 'e.pth')
    export(tmp_path / 'e.pth', tmp_path / 'text', 'text')
    card = run_card(tmp_path / 'text')
    ids = card['pieces'].input_ids.tolist()
    torch.testing.assert_close(card['word_pieces'], encoder(Reports.from_sequences(ids, [[0] * len(ids[0])])))


@torch.no_grad()
@pytest.mark.parametrize('file_format', ['safetensors', 'pth'])
def test_joint_model(whole, tmp_path, file_format):
    """The whole model is built from its folder alone, strictly, and predicts to the bit what it did."""
    folder, model = whole
    export(folder / 'epoch_6.pth', tmp_path / 'joint', 'joint', file_format=file_format)
    images = torch.rand(2, 1, 32, 32)
    card = run_card(tmp_path / 'joint', images=images, reports=REPORTS)
    assert type(card['model']) is PRIOR
    for ours, theirs in zip(model.test_step(dict(inputs=images, reports=REPORTS)), card['predictions'], strict=True):
        assert torch.equal(ours['image_embedding'], theirs['image_embedding'])
        assert torch.equal(ours['report_embedding'], theirs['report_embedding'])
    text = (tmp_path / 'joint/config.json').read_text()
    assert str(folder) not in text and 'vocab_file' not in text
    assert json.loads((tmp_path / 'joint/preprocessing.json').read_text())['images']['mean'] == 0.4755


@pytest.mark.parametrize('name', ['os.system', 'mmpretrain.registry.os.system', 'builtins.eval', 5])
def test_foreign_types_are_refused(name):
    """A registry imports and calls whatever `type` says: a config from elsewhere may only name components."""
    with pytest.raises(ValueError, match='no component'):
        check_types(dict(type='PRIOR', image_encoder=dict(backbone=[dict(type=name)])))


def test_card(whole, tmp_path):
    """The card says where it comes from, what goes in, that the data were synthetic, and the figures of this file."""
    folder, _ = whole
    results = dict(schema='prior_mm.results/1', checkpoint='elsewhere/epoch_6.pth', synthetic=True,
                   data=dict(dataset='demo', split='test'), metrics={
                       'zero_shot/protocol': 'demo/1', 'zero_shot/accuracy': 0.625, 'zero_shot/accuracy_chance': 0.2})
    (tmp_path / 'results.json').write_text(json.dumps(results))
    export(folder / 'epoch_6.pth', tmp_path / 'out', 'image', channels=3, results=str(tmp_path / 'results.json'),
           licence='CC-BY-4.0')
    card = (tmp_path / 'out/README.md').read_text()
    for part in (sha256(folder / 'epoch_6.pth'), 'epoch_6.pth', 'SYNTHETIC', '32 x 32 px', '0.4755', '0.3011',
                 '0 to 1', '| channels | 3', 'made up train', 'zero_shot/accuracy | 0.6250 | 0.2000', 'demo/1',
                 'CC-BY-4.0'):
        assert part in card, part
    assert str(tmp_path) not in card and str(folder) not in card
    results['checkpoint'] = 'elsewhere/epoch_5.pth'
    (tmp_path / 'results.json').write_text(json.dumps(results))
    with pytest.raises(ValueError, match='epoch_5.pth, not of epoch_6.pth'):
        export(folder / 'epoch_6.pth', tmp_path / 'other', 'image', results=str(tmp_path / 'results.json'))


@pytest.mark.parametrize(('options', 'message'), [
    (dict(part='text', names='timm'), 'no names'), (dict(part='joint', names='mm'), 'no names'),
    (dict(part='text', channels=3), '--channels'), (dict(part='image', names='huggingface'), 'no names'),
    (dict(part='text', file_format='pth'), 'safetensors'), (dict(part='image', channels=2), '1 or 3')])
def test_options_that_do_not_fit(whole, tmp_path, options, message):
    """Options of another part are an error, not passed over; and what is there is never written over."""
    folder, _ = whole
    with pytest.raises(ValueError, match=message):
        export(folder / 'epoch_6.pth', tmp_path / 'out', **options)
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/mine').touch()
    with pytest.raises(FileExistsError, match='another folder'):
        export(folder / 'epoch_6.pth', tmp_path / 'out', 'image')


def test_converted_weights_need_a_config(whole, tmp_path):
    """A checkpoint that does not say which model it is of asks for --config, and takes it."""
    folder, model = whole
    save_checkpoint(dict(state_dict=model.state_dict(), meta=dict(converted_from='published.pth')), tmp_path / 'c.pth')
    with pytest.raises(ValueError, match='--config'):
        export(tmp_path / 'c.pth', tmp_path / 'out', 'image')
    tiny_config(folder / 'data', folder / 'work').dump(str(tmp_path / 'tiny.py'))
    assert 'README.md' in export(tmp_path / 'c.pth', tmp_path / 'out', 'image', config=str(tmp_path / 'tiny.py'))
    assert 'published.pth' in (tmp_path / 'out/README.md').read_text()


def test_the_tokenizer_is_pinned(whole, tmp_path):
    """Another vocabulary of the same length is refused, given to the export or put into what was exported."""
    folder, _ = whole
    swapped = tmp_path / 'swapped.txt'
    swapped.write_text('\n'.join([*WORDS[:5], WORDS[6], WORDS[5], *WORDS[7:]]) + '\n')
    checkpoint = load_checkpoint(folder / 'epoch_6.pth')
    step = next(step for step in checkpoint['meta']['config']['train_dataloader']['dataset']['pipeline']
                if step['type'] == 'TokenizeReport')
    checkpoint['meta']['tokenizer'] = dict(describe_tokenizer(load_tokenizer(step['tokenizer'])), source='vocab.txt')
    save_checkpoint(checkpoint, tmp_path / 'pinned.pth')
    with pytest.raises(ValueError, match='was trained with another tokenizer') as refused:
        export(tmp_path / 'pinned.pth', tmp_path / 'other', 'joint', tokenizer=str(swapped))
    says('Figures that may end in a paper', 'the text side of a checkpoint',
         'export.py with another vocabulary of the same length', f'stops: {refused.value}', tmp_path)
    export(tmp_path / 'pinned.pth', tmp_path / 'joint', 'joint')
    load_joint(tmp_path / 'joint')
    load_tokenizer(str(swapped)).save_pretrained(tmp_path / 'joint/tokenizer')
    with pytest.raises(ValueError, match='was trained with another tokenizer'):
        load_joint(tmp_path / 'joint')


@pytest.mark.parametrize(('channels', 'options'), [
    (1, {}), (3, {}), (1, dict(final_norm=False)), (1, dict(out_indices=(0, )))])
@torch.no_grad()
def test_vision_transformer(tmp_path, channels, options):
    """timm loads it strictly by the code of its card and gives our patches; other names are refused with the mend."""
    config = dict(type='TimmBackbone', architecture='vit_tiny_patch16_224', in_channels=1,
                  model_args=dict(img_size=64, embed_dim=64, depth=2, num_heads=2), **options)
    path, encoder = image_checkpoint(tmp_path, config)
    export(path, tmp_path / 'out', 'image', 'timm', channels, 'safetensors')
    images = torch.randn(2, 1, 64, 64, dtype=torch.float64)
    torch.set_default_dtype(torch.float64)
    try:
        loaded = run_card(tmp_path / 'out', images=images.repeat(1, channels, 1, 1))
    finally:
        torch.set_default_dtype(torch.float32)
    expected = encoder.double().backbone(images)[-1]
    error = (loaded['features'] - expected).abs().max() / expected.abs().max()
    assert error < (1e-9 if channels == 1 else rounding(3)), f'{error:.1e}'
    said = json.loads((tmp_path / 'out/config.json').read_text())
    assert said['architecture'] == 'vit_tiny_patch16_224' and said['model_args']['in_chans'] == channels
    with pytest.raises(ValueError, match='a backbone of timm: write it with --names timm'):
        export(path, tmp_path / 'other', 'image', 'mm')
    checkpoint = load_checkpoint(path)
    del checkpoint['state_dict']['image_encoder.backbone.model.blocks.1.mlp.fc2.bias']
    save_checkpoint(checkpoint, tmp_path / 'partial.pth')
    with pytest.raises(ValueError, match='is not exported, for it would not load. Missing: model: 1 of .*fc2.bias'):
        export(tmp_path / 'partial.pth', tmp_path / 'other', 'image', 'timm', channels)


def test_the_tokenizer_of_a_text_encoder_is_pinned(whole, tmp_path):
    """An exported text encoder knows its tokenizer: a run with another one, or another setting of it, is refused."""
    folder, _ = whole
    export(folder / 'epoch_6.pth', tmp_path / 'text', 'text')
    tokenizer = str(folder / 'data/vocab.txt')
    swapped = tmp_path / 'swapped.txt'
    swapped.write_text('\n'.join([*WORDS[:5], WORDS[6], WORDS[5], *WORDS[7:]]) + '\n')

    def side(source: str, **step) -> dict | None:
        config = dict(model=dict(text_encoder=dict(pretrained=str(tmp_path / 'text'))), train_dataloader=dict(
            pipeline=[dict(type='TokenizeReport', tokenizer=source, **step)]))
        return text_side(config, 'train_dataloader')

    assert side(tokenizer) and side(str(tmp_path / 'text'))
    with pytest.raises(ValueError, match=r'model.text_encoder.pretrained .* was trained with another tokenizer'):
        side(str(swapped))
    with pytest.raises(ValueError, match='lowercase is True there, False here') as refused:
        side(tokenizer, lowercase=False)
    says('Figures that may end in a paper', 'the text side of a checkpoint',
         'an exported text encoder as `pretrained`, with lowercase=False', f'stops: {refused.value}', tmp_path)
    load_tokenizer(str(swapped)).save_pretrained(tmp_path / 'text')  # weights and vocabulary no longer belong together
    with pytest.raises(ValueError, match='was trained with another tokenizer'):
        side(str(tmp_path / 'text'))


@pytest.mark.parametrize(('part', 'name'), [
    ('image', 'image_encoder.backbone.layer1.0.bn1.bias'), ('text', 'text_encoder.encoder.embeddings.LayerNorm.bias'),
    ('joint', 'sentence_projection.bias')])
def test_what_lacks_a_tensor_is_not_exported(whole, tmp_path, part, name):
    """No folder that its own library would refuse, or fill with random numbers."""
    checkpoint = load_checkpoint(whole[0] / 'epoch_6.pth')
    del checkpoint['state_dict'][name]
    save_checkpoint(checkpoint, tmp_path / 'partial.pth')
    with pytest.raises(ValueError, match=rf'partial\.pth.*{name.split(".encoder.")[-1].split("backbone.")[-1]}') as no:
        export(tmp_path / 'partial.pth', tmp_path / 'out', part)
    assert not list(tmp_path.glob('out*'))
    if part == 'joint':
        says('Figures that may end in a paper', 'a partial load taken for a whole one',
             'export.py with a checkpoint that lacks one tensor', f'stops: {no.value}', tmp_path)


def test_a_joint_model_works_as_in_its_stage(whole, tmp_path):
    """An export of a first stage, whose bank is untrained, lets sentences stand for themselves, as its test does."""
    folder, model = whole
    checkpoint = load_checkpoint(folder / 'epoch_6.pth')
    checkpoint['meta']['losses'] = dict(global_alignment=1., local_image=1., local_text=1.)
    save_checkpoint(checkpoint, tmp_path / 'stage_1.pth')
    export(tmp_path / 'stage_1.pth', tmp_path / 'joint', 'joint')
    loaded, ours, batch = load_joint(tmp_path / 'joint'), deepcopy(model), dict(inputs=torch.rand(2, 1, 32, 32),
                                                                                reports=REPORTS)
    with_bank = ours.test_step(batch)[0]['report_embedding']
    ours.set_losses(checkpoint['meta']['losses'])
    without, exported = (each.test_step(batch)[0]['report_embedding'] for each in (ours, loaded))
    assert torch.equal(exported, without) and not torch.equal(exported, with_bank)
    says('Figures that may end in a paper', 'a setting that is not carried through',
         'export.py, the joint model of a first stage', 'sentences stand for themselves, as in a test of it; they were '
         'passed through the untrained bank before, mended')
