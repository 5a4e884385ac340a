"""The translation of published names, where test_published_numbers.py and test_published_converter.py do not look."""
from pathlib import Path

import numpy as np
import pytest
import torch

from prior_mm.checkpoints.published_weights import convert_published


@pytest.fixture
def published():
    with np.load(Path(__file__).parents[1] / 'data' / 'prior_reference.npz', allow_pickle=False) as file:
        return {k.removeprefix('weight.'): torch.from_numpy(file[k]) for k in file.files if k.startswith('weight.')}


@pytest.mark.parametrize('name', ['prototype_queries', 'sentence_decoder.embeddings.token_type_embeddings.weight',
                                  'sentence_decoder.encoder.layer.0.crossattention.self.key.bias'])
def test_sentence_decoder_that_is_not_whole(published, name):
    """A file that was cut is an error that names the tensor, not a lookup that fails."""
    del published[name]
    with pytest.raises(ValueError, match=f'not whole: {name} is missing'):
        convert_published(published)


def test_no_number_is_lost_or_made_up(published):
    """Every published number but those of dropped names is found again, as often as it was there."""
    dropped = ('global_text_projection.', 'sentence_decoder.pooler.', 'sentence_decoder.embeddings.word_embeddings.',
               'sentence_decoder.embeddings.position_', 'sentence_decoder.embeddings.token_type_')
    before = torch.cat([value.flatten() for name, value in published.items() if not name.startswith(dropped)])
    after = torch.cat([value.flatten() for name, value in convert_published(published).items()
                       if name != 'sentence_decoder.position_embedding'])  # a sum of two
    assert torch.equal(before.double().sort().values, after.double().sort().values)
