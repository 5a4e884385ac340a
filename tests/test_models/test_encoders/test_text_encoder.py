"""The text encoder: any BERT-like model of a local folder, and errors that say what is missing."""
import json
import os
import shutil
import socket

import pytest
import torch
from nothing_silent_page import says
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    RobertaConfig,
    RobertaModel,
)

from prior_mm.models import TextEncoder
from prior_mm.structures import Reports
from prior_mm.tokenizer import load_tokenizer

SIZES = dict(vocab_size=20, hidden_size=12, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16)
KINDS = {
    'BERT': lambda: BertModel(BertConfig(**SIZES, max_position_embeddings=8)),
    'BERT with a head': lambda: BertForMaskedLM(BertConfig(**SIZES, max_position_embeddings=8)),
    'DistilBERT': lambda: DistilBertModel(DistilBertConfig(
        vocab_size=20, dim=12, n_layers=2, n_heads=2, hidden_dim=16, max_position_embeddings=8)),
    # RoBERTa has two positions more than it can use: it counts from behind the padding id.
    'RoBERTa': lambda: RobertaModel(RobertaConfig(**SIZES, max_position_embeddings=10)),
}


def save(kind: str, folder) -> torch.nn.Module:
    torch.manual_seed(0)
    model = KINDS[kind]().eval()
    model.save_pretrained(folder)
    (folder / 'vocab.txt').write_text('\n'.join(map(str, range(20))) + '\n')
    return model


def reports(*lengths: int, largest: int = 20) -> Reports:
    generator = torch.Generator().manual_seed(0)
    tokens = [torch.randint(2, largest, (length, ), generator=generator).tolist() for length in lengths]
    return Reports.from_sequences(tokens, [[0] * length for length in lengths], pad_id=1)


@pytest.mark.parametrize('kind', KINDS)
def test_local_folder(kind, tmp_path):
    """The last hidden state of what was saved, of every report as if it were alone; all that is left is trained."""
    saved = save(kind, tmp_path)
    encoder = TextEncoder(pretrained=str(tmp_path)).eval().double()
    assert encoder.embed_dims == 12
    batch = reports(3, 8, 1)
    features = encoder(batch)
    assert features.shape == (3, 8, 12)
    body = getattr(saved, 'bert', saved).double()
    for row, ids, mask in zip(features, batch.token_ids, batch.token_mask, strict=True):
        alone = body(input_ids=ids[mask][None]).last_hidden_state[0]
        torch.testing.assert_close(row[mask], alone, rtol=1e-9, atol=1e-9)
    features[batch.token_mask].square().sum().backward()
    idle = [name for name, parameter in encoder.named_parameters() if parameter.grad is None]
    assert not idle, 'parameters without a gradient stop distributed training'


@pytest.mark.parametrize('kind', KINDS)
def test_longest_report(kind, tmp_path):
    """A report may fill all positions; one word piece more is an error that says what to set."""
    save(kind, tmp_path)
    encoder = TextEncoder(pretrained=str(tmp_path)).eval()
    assert encoder.max_length == 8
    assert encoder(reports(8)).isfinite().all()
    with pytest.raises(ValueError, match='9 word pieces, the text encoder takes 8: set max_length=8'):
        encoder(reports(9))


def test_id_outside_the_vocabulary(tmp_path):
    """A tokenizer of another model is found out by its first large id, before a look-up that explains nothing."""
    encoder = TextEncoder(config=SIZES)
    with pytest.raises(ValueError, match='word-piece id 20, the text encoder has 20 ids'):
        encoder(Reports.from_sequences([[2, 20]], [[0, 0]]))


def test_from_config(tmp_path):
    """Without weights: BERT unless the configuration says otherwise; the vocabulary file gives the number of ids."""
    (tmp_path / 'vocab.txt').write_text('a\nb\nc\n')
    sizes = {name: size for name, size in SIZES.items() if name != 'vocab_size'}
    encoder = TextEncoder(config=sizes, vocab_file=str(tmp_path / 'vocab.txt'))
    assert isinstance(encoder.encoder, BertModel) and encoder.encoder.config.vocab_size == 3
    other = TextEncoder(config=dict(model_type='distilbert', vocab_size=20, dim=12, n_layers=1, n_heads=2))
    assert isinstance(other.encoder, DistilBertModel)
    with pytest.raises(FileNotFoundError, match=r'no vocabulary at .*demo\.py'):
        TextEncoder(config=sizes, vocab_file=str(tmp_path / 'missing.txt'))


@pytest.mark.parametrize('options', [{}, dict(pretrained='folder', config=SIZES)])
def test_one_source(options):
    """Neither or both of the two sources is an error."""
    with pytest.raises(ValueError, match='either pretrained .* or config'):
        TextEncoder(**options)


def test_missing_name_fetches_nothing(monkeypatch, tmp_path):
    """A name that is not in the cache says what to do, and no connection is tried."""
    def refuse(*args, **options):
        raise AssertionError('a connection was tried')

    monkeypatch.setattr(socket.socket, 'connect', refuse)
    monkeypatch.setattr(socket, 'create_connection', refuse)
    monkeypatch.setattr(socket, 'getaddrinfo', refuse)
    with pytest.raises(FileNotFoundError, match=r"'some-hospital/bert' is not on this machine.*pretrained=FOLDER"):
        TextEncoder(pretrained='some-hospital/bert')


class Smuggled:
    """Runs a command where it is unpickled."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path), )


def damage_weights(folder):
    (folder / 'model.safetensors').write_bytes((folder / 'model.safetensors').read_bytes()[:100])


def leave_a_layer_out(folder):
    weights = load_file(folder / 'model.safetensors')
    save_file({name: value for name, value in weights.items() if 'layer.1.' not in name}, folder / 'model.safetensors',
              metadata=dict(format='pt'))


def change_width(folder):
    config = json.loads((folder / 'config.json').read_text())
    (folder / 'config.json').write_text(json.dumps(dict(config, hidden_size=24)))


def smuggle_code(folder):
    (folder / 'model.safetensors').unlink()
    torch.save(dict(weights=Smuggled(folder / 'ran')), folder / 'pytorch_model.bin')


@pytest.mark.parametrize(('damage', 'message'), [
    (damage_weights, 'folder .* cannot be read'),
    (change_width, 'folder .* cannot be read.*(size mismatch|mismatched_sizes)'),
    (lambda folder: (folder / 'config.json').unlink(), 'folder .* cannot be read'),
    (lambda folder: (folder / 'model.safetensors').unlink(), 'folder .* cannot be read.*no file named'),
    (smuggle_code, 'folder .* cannot be read'),
    (leave_a_layer_out, r"lacks 16 of its tensors, for example \['encoder.layer.1"),
], ids=['damaged', 'other width', 'no config', 'no weights', 'code in the weights', 'a layer is missing'])
def test_broken_folder(damage, message, tmp_path):
    """What cannot be read whole is an error about that folder: no random layers, no code that runs, no download."""
    save('BERT', tmp_path / 'folder')
    shutil.copytree(tmp_path / 'folder', tmp_path / 'broken')
    damage(tmp_path / 'broken')
    with pytest.raises(ValueError, match='(?s)' + message):
        TextEncoder(pretrained=str(tmp_path / 'broken'))
    assert not (tmp_path / 'broken' / 'ran').exists()
    TextEncoder(pretrained=str(tmp_path / 'folder'))


def with_code(folder, kind: str = 'BERT with a head') -> torch.nn.Module:
    """A folder as BiomedVLP-CXR-BERT's: weights of BERT, a config that names Python of its own, and that Python."""
    saved = save(kind, folder)
    config = json.loads((folder / 'config.json').read_text())
    config.update(model_type='cxr-bert', architectures=['CXRBertModel'], projection_size=8, auto_map=dict(
        AutoConfig='configuration_cxrbert.CXRBertConfig', AutoModel='modeling_cxrbert.CXRBertModel'))
    (folder / 'config.json').write_text(json.dumps(config))
    for name in ('configuration_cxrbert', 'modeling_cxrbert'):
        (folder / f'{name}.py').write_text(f"open({str(folder / 'ran')!r}, 'w')\n")
    words = '[PAD] [UNK] [CLS] [SEP] [MASK] heart lungs'.split() + list('abcdefghijklm')
    (folder / 'vocab.txt').write_text('\n'.join(words) + '\n')
    (folder / 'tokenizer_config.json').write_text(json.dumps(dict(
        tokenizer_class='CXRBertTokenizer', do_lower_case=True,
        auto_map=dict(AutoTokenizer=['configuration_cxrbert.CXRBertTokenizer', None]))))
    return saved


def test_a_folder_with_a_class_of_its_own(tmp_path, monkeypatch):
    """It is read as the BERT it is; nothing is asked on the terminal, and its Python is not run."""
    saved = with_code(tmp_path)
    monkeypatch.setattr('builtins.input', lambda *words: pytest.fail('the terminal was asked'))
    encoder, tokenizer = TextEncoder(pretrained=str(tmp_path)), load_tokenizer(str(tmp_path))
    expected = saved.bert.state_dict()
    assert all(value.equal(expected[name]) for name, value in encoder.encoder.state_dict().items())
    assert tokenizer.tokenize('Heart lungs') == ['heart', 'lungs']
    assert not (tmp_path / 'ran').exists()
    says('Loud, but in the way', 'a config that names Python of its own', 'a folder as that of CXR-BERT',
         'read as the BERT it is, weights to the bit; nothing is asked, its Python is not run')


def test_a_class_of_its_own_that_is_no_bert(tmp_path, monkeypatch):
    """Weights that are not BERT's are refused, with the entry that says what they are."""
    with_code(tmp_path, 'DistilBERT')
    monkeypatch.setattr('builtins.input', lambda *words: pytest.fail('the terminal was asked'))
    with pytest.raises(ValueError, match='cannot be read|lacks .* of its tensors.*set model_type'):
        TextEncoder(pretrained=str(tmp_path))
    assert not (tmp_path / 'ran').exists()


# ------------------------------------------------------------------------ what other methods take of the encoder

@pytest.mark.parametrize('layers', [1, 2])
@pytest.mark.parametrize('kind', KINDS)
@torch.no_grad()
def test_last_layers(kind, layers, tmp_path):
    """The sum of so many last hidden states as Hugging Face has them, of every report as if it were alone."""
    saved = save(kind, tmp_path)
    body, batch = getattr(saved, 'bert', saved).double(), reports(3, 8, 1)
    features = TextEncoder(pretrained=str(tmp_path), last_layers=layers).eval().double()(batch)
    for row, ids, mask in zip(features, batch.token_ids, batch.token_mask, strict=True):
        states = body(input_ids=ids[mask][None], output_hidden_states=True).hidden_states
        assert len(states) == 3, 'of the embeddings and of two layers'
        expected = states[2][0] if layers == 1 else states[1][0] + states[2][0]
        torch.testing.assert_close(row[mask], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('layers', [1, 2])
@pytest.mark.parametrize('kind', KINDS)
@torch.no_grad()
def test_start_attention(kind, layers, tmp_path):
    """What [CLS] pays each word piece in the last layer, mean of the heads, and padding nothing; the same features."""
    save(kind, tmp_path)
    batch, encoder = reports(3, 8, 1), TextEncoder(pretrained=str(tmp_path), last_layers=layers).eval().double()
    plain = encoder(batch)
    features, paid = encoder(batch, start_attention=True)
    torch.testing.assert_close(features[batch.token_mask], plain[batch.token_mask], rtol=1e-9, atol=1e-9)
    eager = AutoModel.from_pretrained(tmp_path, attn_implementation='eager').eval().double()
    for row, ids, mask in zip(paid, batch.token_ids, batch.token_mask, strict=True):
        heads = eager(input_ids=ids[mask][None], output_attentions=True).attentions[1][0]
        assert len(heads) == 2
        torch.testing.assert_close(row[mask], (heads[0, 0] + heads[1, 0]) / 2, rtol=1e-9, atol=1e-9)
        assert not row[~mask].any()


@pytest.mark.parametrize('layers', [0, 3])
def test_layers_that_there_are_not(layers):
    """None, or more than the encoder has, is an error that tells how many there are."""
    with pytest.raises(ValueError, match=f'last_layers must lie in 1 to 2, .*got {layers}'):
        TextEncoder(config=SIZES, last_layers=layers)
