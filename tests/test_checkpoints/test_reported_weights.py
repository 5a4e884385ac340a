"""What users of other projects reported of loading weights, tried here (docs/nothing_silent.md)."""
import pytest
import torch
from mmpretrain.models import ResNet
from nothing_silent_page import says
from torch import nn
from transformers import BertConfig, BertForMaskedLM

from prior_mm.checkpoints.backbone_weights import load_backbone
from prior_mm.checkpoints.checkpoint import load_checkpoint, load_state_dict, save_checkpoint
from prior_mm.checkpoints.model_weights import load_weights, missing_to_predict
from prior_mm.models.encoders import TextEncoder

SECTION = 'Public reports: weights loading'


def backbone(channels=1):
    """A small ResNet with numbers of its own."""
    model = ResNet(18, in_channels=channels, stem_channels=16, base_channels=16)
    model.eval()
    return model


@pytest.mark.parametrize(('prefix', 'given'), [
    ('module.', 'names that begin with module., written by DataParallel'),
    ('backbone.', 'names that begin with backbone., a whole classifier as weights of its backbone'),
])
def test_prefixes(tmp_path, prefix, given):
    """Found, whole: the numbers are those of the file."""
    theirs, ours = backbone(), backbone()
    save_checkpoint({f'{prefix}{name}': value for name, value in theirs.state_dict().items()}, tmp_path / 'a.pth')
    load_backbone(ours, tmp_path / 'a.pth')
    assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in ours.state_dict().items())
    says(SECTION, 'vision', given, 'the prefix is found; all tensors are loaded')


def test_an_unknown_prefix(tmp_path):
    """Nothing fits: refused, and the prefix that would fit is named."""
    given = 'a momentum encoder (module.encoder_q.) of which a loader without strict takes nothing'
    save_checkpoint({f'module.encoder_q.{name}': value for name, value in backbone().state_dict().items()},
                    tmp_path / 'a.pth')
    with pytest.raises(ValueError, match="All of them are there under the prefix 'module.encoder_q.': name it"):
        load_backbone(backbone(), tmp_path / 'a.pth')
    says(SECTION, 'self-supervision', given, 'stops, and names the prefix under which all of them are there')
    load_backbone(backbone(), tmp_path / 'a.pth', 'module.encoder_q.')


def test_three_channels(tmp_path):
    """The first convolution of colours is summed, so that a gray image gives what three equal channels gave."""
    theirs, ours, image = backbone(3), backbone(), torch.randn(1, 1, 64, 64)
    save_checkpoint(theirs.state_dict(), tmp_path / 'a.pth')
    load_backbone(ours, tmp_path / 'a.pth')
    with torch.no_grad():
        torch.testing.assert_close(ours(image)[-1], theirs(image.expand(1, 3, 64, 64))[-1], rtol=1e-4, atol=1e-5)
    says(SECTION, 'medical images', 'weights for three channels into an encoder of one, whose first layer stays random',
         'the first convolution is summed over the colours: the features of a gray image are the same')


def test_a_deeper_model(tmp_path):
    """A config that asks for more layers than the file has."""
    save_checkpoint(backbone().state_dict(), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='lacks .* tensors of the backbone'):
        load_backbone(ResNet(34, in_channels=1, stem_channels=16, base_channels=16), tmp_path / 'a.pth')
    says(SECTION, 'language models', 'a config of more layers than the file holds: the last ones kept random numbers',
         'stops, and says how many tensors are missing and which')


def test_renamed_parameters(tmp_path):
    """Names of another version of a normalisation: the old ones are missing, the new ones unknown."""
    model, given = nn.utils.weight_norm(nn.Linear(2, 2)), nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    with pytest.raises(ValueError, match='do not fit the model.*unknown'):
        load_weights(model, given.state_dict(), 'a.pth', strict=True)
    assert missing_to_predict(model, given.state_dict()) == {
        'weight_g': '1 of 1 tensors (weight_g)', 'weight_v': '1 of 1 tensors (weight_v)'}
    says(SECTION, 'speech', 'parameters renamed between versions of PyTorch (weight_norm): noise instead of speech',
         'a test stops, and names the parameters that are missing')


def test_a_bias_alone():
    """The head's bias is missing, its weight is there."""
    head = nn.ModuleDict(dict(fc=nn.Linear(2, 2)))
    assert missing_to_predict(head, ['fc.weight']) == {'fc': '1 of 2 tensors (fc.bias)'}
    says(SECTION, 'detection', "a trimmed checkpoint without the head's bias, which kept zeros",
         'a test stops: fc: 1 of 2 tensors (fc.bias)')


def test_a_whole_model_pickled(tmp_path):
    """torch.save(model) would have to run code to be read."""
    torch.save(nn.Linear(2, 2), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='save its state_dict alone'):
        load_checkpoint(tmp_path / 'a.pth')
    says(SECTION, 'PyTorch', 'a whole model pickled instead of its state_dict',
         'stops; nothing is run; the message says to save the state_dict alone')


def test_a_language_model_with_its_head(tmp_path):
    """bert. stands before each name in a file that was trained with a head."""
    sizes = dict(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    theirs = BertForMaskedLM(BertConfig(**sizes))
    theirs.save_pretrained(tmp_path)
    ours = TextEncoder(pretrained=str(tmp_path)).encoder.state_dict()
    assert all(torch.equal(value, theirs.bert.state_dict()[name]) for name, value in ours.items())
    says(SECTION, 'text encoders', 'a BERT trained with a head, whose names begin with bert.: all stayed random',
         'all tensors are loaded; a folder that lacks some is refused')


def test_wrappers(tmp_path):
    """Lightning's, torchvision's and plain files hold their parameters in different places."""
    weights = backbone().state_dict()
    for number, content in enumerate((dict(state_dict=weights, epoch=3), dict(model=weights), weights,
                                      dict(model_state_dict=weights))):
        save_checkpoint(content, tmp_path / f'{number}.pth')
        assert load_state_dict(tmp_path / f'{number}.pth').keys() == weights.keys()
    save_checkpoint(dict(net=weights), tmp_path / 'net.pth')
    with pytest.raises(ValueError, match=r"holds no parameters; its entries are \['net'\]"):
        load_state_dict(tmp_path / 'net.pth')
    says(SECTION, 'Lightning', 'weights under state_dict, model or model_state_dict: nothing is found',
         'found; under another name, refused with the entries of the file')


def test_a_compiled_model(tmp_path):
    """torch.compile leaves its mark in the names, of a whole model and of a part of it; the numbers are the same."""
    weights = backbone().state_dict()
    for number, renamed in enumerate((lambda name: f'_orig_mod.{name}', lambda name: f'module._orig_mod.{name}',
                                      lambda name: name.replace('layer1.', 'layer1._orig_mod.'))):
        save_checkpoint(dict(state_dict={renamed(name): value for name, value in weights.items()}),
                        tmp_path / f'{number}.pth')
        ours = backbone()
        load_backbone(ours, tmp_path / f'{number}.pth')
        assert all(torch.equal(value, weights[name]) for name, value in ours.state_dict().items())
    says(SECTION, 'nanoGPT 325', 'names that begin with _orig_mod., written by torch.compile: none is found',
         'the mark is taken out of the names; all tensors are loaded')


def test_a_model_within_another(tmp_path):
    """Lightning's module has the model as an attribute: its name stands before all others."""
    model, given = nn.Linear(2, 2), {f'model.{name}': value for name, value in nn.Linear(2, 2).state_dict().items()}
    with pytest.raises(ValueError, match="All of them are there under the prefix 'model.': take it off the names"):
        load_weights(model, given, 'a.ckpt', strict=False)
    says(SECTION, 'PyTorch examples 1029', 'model. before all names, and a loader without strict: nonsense, no error',
         'stops, and names the prefix under which all of them are there')
