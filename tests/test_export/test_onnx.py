"""The model as ONNX graphs: what onnxruntime computes, by the lines of the model card, is what the model computes."""
import json
import re

import numpy as np
import pytest
import torch
from test_export import run_card
from tiny_run import tiny_config

from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.export import export, load_joint
from prior_mm.export.onnx_graphs import ImageGraph, TextGraph, _examples
from prior_mm.registry import MODELS
from prior_mm.structures import Reports
from prior_mm.tokenizer import load_tokenizer

onnxruntime = pytest.importorskip('onnxruntime', reason='onnx, onnxscript and onnxruntime are optional')
PROTOTYPES = dict(global_alignment=1., prototype=10.)


def checkpoint(folder, losses: dict, **changes):
    config = tiny_config(folder / 'data', folder / 'run').to_dict()
    config['model'].update(changes)
    torch.manual_seed(0)
    model = MODELS.build(config['model']).eval()
    model.set_losses(losses)
    preprocessing = dict(size=[32, 32], mean=0.4755, std=0.3011, pixel_range=[0.0, 1.0], channels=1)
    save_checkpoint(dict(state_dict=model.state_dict(), meta=dict(
        config=json.loads(json.dumps(config)), preprocessing=preprocessing, losses=losses, epoch=1)), folder / 'e.pth')
    return folder / 'e.pth', model, config


def two_layers(folder) -> dict:
    """A text encoder that sums its last two hidden states."""
    text = tiny_config(folder / 'other', folder / 'run').model.text_encoder.to_dict()
    return dict(text, last_layers=2, vocab_file=str(folder / 'data/vocab.txt'),
                config=dict(text['config'], num_hidden_layers=2))


@torch.no_grad()
def test_graphs_are_the_model(tmp_path):
    """What is exported computes what the model does from images and reports, with several layers summed, too."""
    _, model, _ = checkpoint(tmp_path, PROTOTYPES, text_encoder=two_layers(tmp_path))
    examples = _examples(model, (32, 32), 2, 3, 11, 4)
    for name, graph in (('image_encoder', ImageGraph(model)), ('text_encoder', TextGraph(model))):
        for one, other in zip(graph(**examples[name].inputs), examples[name].outputs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_another_graph_than_the_model_is_refused(tmp_path, monkeypatch):
    """A graph is compared with the model, not with itself: one that computes something else is not handed out."""
    path, *_ = checkpoint(tmp_path, PROTOTYPES)
    whole = TextGraph.forward

    def other(self, token_ids, token_mask, sentence_index, sentence_mask):
        report, sentences = whole(self, token_ids, token_mask, sentence_index, sentence_mask)
        return -report, sentences

    monkeypatch.setattr(TextGraph, 'forward', other)
    with pytest.raises(ValueError, match='text_encoder.onnx computes something else than the model'):
        export(path, tmp_path / 'onnx', 'onnx')


@pytest.mark.slow
def test_card(tmp_path):
    """The card's lines give the model's own cosines and maps, for another number of images than was traced."""
    path, model, config = checkpoint(tmp_path, PROTOTYPES, text_encoder=two_layers(tmp_path))
    files = export(path, tmp_path / 'onnx', 'onnx')
    assert {'image_encoder.onnx', 'joint.onnx', 'text_encoder.onnx', 'preprocessing.json', 'README.md',
            'tokenizer/tokenizer.json'} <= set(files)
    images = torch.rand(5, 1, 32, 32)
    found = run_card(tmp_path / 'onnx', images=images.numpy())
    tokenizer = load_tokenizer(config['model']['text_encoder']['vocab_file'])
    texts = [tokenizer(text).input_ids for text in ('The heart is enlarged.', 'The heart is normal.')]
    reports = Reports.from_sequences(texts, [[-1, *[0] * (len(text) - 2), -1] for text in texts])
    with torch.no_grad():
        features = model.image_encoder(model.data_preprocessor.normalise(images))
        patches, image = model.embed_images(features)
        report = model.embed_reports(model.text_encoder(reports), reports)
    cosine = torch.nn.functional.cosine_similarity
    scores = cosine(image[:, None], report.report[None], dim=2) * model.global_alignment.logit_scale.exp()
    maps = cosine(patches[:, None], report.prototypes[None], dim=3).unflatten(2, features.grid)
    for one, other in ((found['scores'], scores), (found['maps'], maps)):
        torch.testing.assert_close(torch.from_numpy(one), other.detach(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('losses', [dict(global_alignment=1.), PROTOTYPES], ids=['alignment', 'prototypes'])
def test_what_stands_for_a_sentence(tmp_path, losses):
    """An export of the first stage goes on without the bank, which is untrained there."""
    path, model, _ = checkpoint(tmp_path, losses)
    export(path, tmp_path / 'joint', 'joint')
    assert load_joint(tmp_path / 'joint').needs('prototype') == model.needs('prototype') == ('prototype' in losses)


def test_refused(tmp_path):
    """A model whose patches are no places has no map, and that is said."""
    encoder = tiny_config(tmp_path / 'other', tmp_path / 'run').model.image_encoder.to_dict()
    path, *_ = checkpoint(tmp_path, PROTOTYPES, image_encoder=dict(encoder, patch_layout='published'))
    with pytest.raises(ValueError, match="patch_layout='published'"):
        export(path, tmp_path / 'onnx', 'onnx')
    assert not (tmp_path / 'onnx').exists()


@pytest.mark.slow
def test_int8(tmp_path):
    """Graphs in 8 bits stand beside the others, are smaller, and say nearly the same of films and prompts."""
    path, model, _ = checkpoint(tmp_path, dict(global_alignment=1.))
    files = export(path, tmp_path / 'onnx', 'onnx', int8=str(tmp_path / 'data/files'))
    assert {'image_encoder_int8.onnx', 'text_encoder_int8.onnx', 'image_encoder.onnx'} <= set(files)
    images = torch.rand(5, 1, 32, 32).numpy()
    reports = dict(token_ids=np.array([[5, 8, 14]]), token_mask=np.ones((1, 3), bool),
                   sentence_index=np.zeros((1, 3), np.int64), sentence_mask=np.ones((1, 1), bool))
    for name, inputs in (('image_encoder', dict(images=images)), ('text_encoder', reports)):
        one, other = (onnxruntime.InferenceSession(tmp_path / f'onnx/{name}{kind}.onnx', providers=[
            'CPUExecutionProvider']).run(None, inputs)[0] for kind in ('', '_int8'))
        assert np.abs(one - other).max() > 0 and (one * other).sum(axis=1).min() > .95
    assert (tmp_path / 'onnx/image_encoder_int8.onnx').stat().st_size < .5 * (
        tmp_path / 'onnx/image_encoder.onnx').stat().st_size
    said = re.search(r'a cosine of at least (\d\.\d+)', (tmp_path / 'onnx/README.md').read_text())
    assert .95 < float(said[1]) <= 1


def test_int8_needs_films(tmp_path):
    """A folder without films, or another part, is refused in a line; nothing is left."""
    path, *_ = checkpoint(tmp_path, dict(global_alignment=1.))
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='holds no film'):
        export(path, tmp_path / 'onnx', 'onnx', int8=str(tmp_path / 'empty'))
    with pytest.raises(ValueError, match='--int8 is for --part onnx'):
        export(path, tmp_path / 'onnx', 'joint', int8=str(tmp_path / 'data/files'))
    assert not list(tmp_path.glob('onnx*'))


@pytest.mark.slow
def test_free_size(tmp_path):
    """Where nothing is learned for a place, the graph takes images of another size than it was made with."""
    encoder = tiny_config(tmp_path / 'other', tmp_path / 'run').model.image_encoder.to_dict()
    path, model, _ = checkpoint(tmp_path, PROTOTYPES, image_encoder=dict(encoder, pooled_by='mean'))
    export(path, tmp_path / 'onnx', 'onnx')
    images = torch.rand(2, 1, 48, 64)
    session = onnxruntime.InferenceSession(tmp_path / 'onnx/image_encoder.onnx', providers=['CPUExecutionProvider'])
    with torch.no_grad():
        wanted = ImageGraph(model)(images)
    for one, other in zip(session.run(None, dict(images=images.numpy())), wanted, strict=True):
        torch.testing.assert_close(torch.from_numpy(one), other, rtol=1e-4, atol=1e-4)
