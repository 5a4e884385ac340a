"""Reports that say the same: by the whole report, and by what is drawn of it at a visit."""
import pytest
import torch
from tiny_methods import batch, tiny

from prior_mm.models.same_report import SameReport
from prior_mm.structures import Reports


def drawn(*studies: list[list[int]]) -> Reports:
    """Reports of sentences of these word pieces."""
    return Reports.from_sequences([[2, *sum(study, []), 3] for study in studies],
                                  [[-1, *(number for number, sentence in enumerate(study) for _ in sentence), -1]
                                   for study in studies])


def test_whole_reports():
    """The same report is found whatever is drawn of it, and another one of which the same sentence is drawn."""
    same, reports = SameReport('text'), drawn([[5, 6]], [[7]], [[5, 6]], [[8]])
    signs = same.signs(reports, [dict(report_sign=sign) for sign in (1, 1, 2, 3)])
    expected = torch.eye(4, dtype=torch.bool)
    expected[0, [1, 2]] = expected[[1, 2], 0] = True
    assert torch.equal(same.compare(signs, signs, 0).pairs, expected)
    alone = same.signs(reports, None)  # nothing was drawn, so the word pieces are all there is
    expected[0, 1] = expected[1, 0] = False
    assert torch.equal(same.compare(alone, alone, 0).pairs, expected)


@pytest.mark.parametrize('by', ['text', 'similarity'])
def test_both_texts_of_cxr_clip(by):
    """Two studies say the same only if both their visits together do, in whatever order of the sentences."""
    model = tiny('CXRCLIP', same_report=dict(by=by, threshold=0.99))
    first, second = ([[5, 6], [7]], [[5, 6], [7]], [[5, 6], [7]]), ([[9]], [[9]], [[10, 11, 12]])
    pairs = model.global_batch(drawn(*first, *second)).same.pairs
    assert pairs.tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_studies_of_this_process():
    """Without processes beside it they are the whole batch."""
    model = tiny('ConVIRT', same_report=dict(by='text'))
    _, reports = batch([[2], [3]])
    together = model.global_batch(reports)
    assert torch.equal(together.same_here.pairs, together.same.pairs) and together.first == 0
    assert tiny('ConVIRT').global_batch(reports).same_here is None
