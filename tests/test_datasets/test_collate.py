"""collate_studies: padding to what the batch needs, nothing lost, nothing mixed up."""
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.datasets import StudyError, collate_studies

REPORT = st.lists(st.integers(1, 9), min_size=1, max_size=12)  # word pieces of each sentence


def study(number, lengths, size=(1, 4, 5)):
    index = [-1] + [i for i, length in enumerate(lengths) for _ in range(length)] + [-1]
    return dict(image=torch.full(size, number / 100.), token_ids=list(range(10 * number, 10 * number + len(index))),
                sentence_index=index, pad_id=7, info=dict(study_id=f's{number}'))


@given(reports=st.lists(st.one_of(st.none(), REPORT), min_size=1, max_size=6).filter(lambda rows: any(rows)))
def test_batches(reports):
    """Each study keeps its own row, padding is the tokenizer's, and broken studies only make the batch smaller."""
    studies = [None if lengths is None else study(number, lengths) for number, lengths in enumerate(reports)]
    batch = collate_studies(studies)
    kept = [entry for entry in studies if entry]
    assert batch['inputs'].shape == (len(kept), 1, 4, 5) and batch['inputs'].dtype == torch.float32
    assert [info['study_id'] for info in batch['data_samples']] == [entry['info']['study_id'] for entry in kept]
    tokens = batch['reports']
    assert tokens.token_ids.shape[1] == max(len(entry['token_ids']) for entry in kept)
    assert tokens.sentence_mask.shape[1] == max(len(row) for row in reports if row)
    for row, entry in enumerate(kept):
        length = len(entry['token_ids'])
        assert tokens.token_ids[row, :length].tolist() == entry['token_ids']
        assert (tokens.token_ids[row, length:] == 7).all() and tokens.token_mask[row].sum() == length
        assert tokens.sentence_index[row, :length].tolist() == entry['sentence_index']
        assert (tokens.sentence_index[row, length:] == -1).all()
        assert tokens.num_sentences[row] == max(entry['sentence_index']) + 1
        assert (batch['inputs'][row] == entry['image']).all()


def test_what_cannot_be_batched():
    """A batch of broken studies, and images of several sizes, are told plainly; without tokens there are no reports."""
    with pytest.raises(StudyError, match='All 2 studies of a batch are broken'):
        collate_studies([None, None])
    with pytest.raises(ValueError, match='ResizeRadiograph'):
        collate_studies([study(0, [2]), study(1, [2], (1, 4, 4))])
    image_only = [dict(image=torch.zeros(1, 2, 2), info={})] * 2
    assert collate_studies(image_only)['reports'] is None
