"""The published implementation as a model of the benchmarks, from a checkout: here a made-up one of the same form."""
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmarks'))

from published_code import STAND_INS, PublishedPRIOR

from prior_mm.structures import Reports

IMPORTS = ''.join(f'from {module} import {", ".join(names)}\n' for module, names in STAND_INS.items())
FILES = {
    'encoders/image/resnet.py': 'class ResNet:\n    def __init__(self, *settings, **others): pass\n',
    'encoders/language/bert.py': 'class ClinicalBERT:\n    def __init__(self, pretrained): pass\n',
    'models/prior.py': IMPORTS + '''
import torch
import torch.nn.functional as F
from transformers import AutoConfig

class Prior(LightningModule):
    def __init__(self, text_encoder, image_encoder, **settings):
        super().__init__()
        self.config = AutoConfig.from_pretrained('of a hub')
        self.decoder = Conv2dReLU(1, 2, kernel_size=3, padding=1, use_batchnorm=True)
        self.attention, self.dropout = Attention(None, in_channels=2), torch.nn.Dropout2d(0.5)

    def stage2_step(self, batch):
        self.batch = batch
        drawn = F.gumbel_softmax(torch.zeros(1, 512), tau=0.9, dim=1, hard=False).max()
        seen = self.dropout(self.attention(self.decoder(batch['image']))).mean()
        return None, dict(stage2_loss=drawn + seen, stage2_proto_loss_=drawn, stage2_of_others=seen)
''',
}


@pytest.fixture
def checkout(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / 'codes' / 'prior' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def studies():
    reports = Reports.from_sequences([[2, 7, 8, 9, 3], [2, 7, 3]], [[-1, 0, 0, 1, -1], [-1, 0, -1]])
    return torch.rand(2, 1, 8, 8), reports


def test_it_is_stepped_as_its_own_data_set_would_step_it(checkout, studies):
    """256 word pieces, a mask of them, sentences counted from 1; its parts get our names."""
    model = PublishedPRIOR(checkout, stage=2)
    parts = model.parts(*studies)
    assert list(parts) == ['loss', 'prototype'] and list(model(*studies)) == ['loss']
    text, index = model.model.batch['text'], model.model.batch['text_meta']['sentence_index']
    assert text['input_ids'].shape == index.shape == (2, 256) and text['attention_mask'].sum(dim=1).tolist() == [5, 3]
    assert index[0, :5].tolist() == [-1, 1, 1, 2, -1] and index[1, :3].tolist() == [-1, 1, -1]
    assert (index[0, 5:] == -1).all() and (index[1, 3:] == -1).all()
    assert model.model.config.vocab_size == 28996


def test_without_dropout_two_calls_agree(checkout, studies):
    """Else no losses could be compared; the noise of the prototype bank is one of a library's functions."""
    still, restless = PublishedPRIOR(checkout, stage=2, dropout=False), PublishedPRIOR(checkout, stage=2)
    gumbel_softmax = F.gumbel_softmax
    assert still(*studies) == still(*studies) and restless(*studies) != restless(*studies)
    assert F.gumbel_softmax is gumbel_softmax


def test_no_module_is_left_behind(checkout):
    """What stands in for a package must not be found by whoever imports the package later; nor its `prior`."""
    before = dict(sys.modules)
    PublishedPRIOR(checkout, stage=1)
    tops = {name.split('.')[0] for name in STAND_INS} | {'prior'}
    assert not {name for name in sys.modules.keys() - before.keys() if name.split('.')[0] in tops}
    assert all(sys.modules[name] is module for name, module in before.items())


def test_another_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='--published takes a checkout'):
        PublishedPRIOR(tmp_path, stage=1)
