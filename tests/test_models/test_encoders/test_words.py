"""Word pieces to words and to reports, against loops over reports of any lengths; what stands at padding is garbage."""
import pytest
import torch
from fast_and_slow import assert_same, noise
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models.encoders.words import pool_word_pieces, sentence_of_words, sum_of_word_pieces, word_places
from prior_mm.structures import WordReports

#: Of each report the sentences, of each sentence the words, of each word the number of its pieces.
studies = st.lists(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), max_size=3), min_size=1, max_size=3)


def words_of(report: list[list[int]]) -> list[int]:
    """Word pieces of each word, through all sentences."""
    return [pieces for sentence in report for pieces in sentence]


def reports_of(study: list) -> WordReports:
    """[CLS], the pieces of the words, [SEP], and padding."""
    words = [[-1, *(word for word, pieces in enumerate(words_of(report)) for _ in range(pieces)), -1]
             for report in study]
    sentences = [[-1, *(n for n, sentence in enumerate(report) for _ in range(sum(sentence))), -1] for report in study]
    return WordReports.from_sequences([[5] * len(own) for own in words], sentences, words)


def features_of(reports: WordReports) -> tuple[torch.Tensor, torch.Tensor]:
    """Word pieces of width 3, and the same with garbage at padding."""
    word_pieces = noise(*reports.token_mask.shape, 3)
    return word_pieces, torch.where(reports.token_mask[..., None], word_pieces, 1e6 * word_pieces.abs())


@settings(max_examples=40)
@given(studies)
def test_word_places(study):
    """[CLS] is place 0, the words follow it, and neither [SEP] nor padding has a place."""
    reports = reports_of(study)
    for places, report in zip(word_places(reports).tolist(), study, strict=True):
        expected = [0]
        for word, pieces in enumerate(words_of(report)):
            expected += [1 + word] * pieces
        assert places == expected + [-1] * (len(places) - len(expected))
    assert (reports.word_index[:, 0] == -1).all(), 'the reports themselves were changed'


@settings(max_examples=40)
@given(studies)
def test_sum_of_word_pieces(study):
    """[CLS] and the words, each the sum of its own pieces; zeros, which the mask leaves out, end a shorter report."""
    reports = reports_of(study)
    word_pieces, given_pieces = features_of(reports)

    def by_loop() -> torch.Tensor:
        sums = []
        for row, report in zip(word_pieces, study, strict=True):
            sums.append(row[0])
            place = 1
            for pieces in words_of(report):
                sums.append(sum(row[place:place + pieces]))
                place += pieces
        return torch.stack(sums)

    words, mask = sum_of_word_pieces(given_pieces, word_places(reports))
    counts = [1 + len(words_of(report)) for report in study]
    assert mask.tolist() == [[place < count for place in range(max(counts))] for count in counts]
    assert not words[~mask].any()
    assert_same(lambda: words[mask], by_loop, [word_pieces])


@settings(max_examples=40)
@given(studies)
def test_sentence_of_words(study):
    """Each word has the sentence that it stands in; [CLS] and padding have none."""
    reports = reports_of(study)
    found = sentence_of_words(reports.sentence_index, word_places(reports)).tolist()
    for row, report in zip(found, study, strict=True):
        expected = [-1]
        for number, sentence in enumerate(report):
            expected += [number] * len(sentence)
        assert row == expected + [-1] * (len(row) - len(expected))


@pytest.mark.parametrize('by', ['start', 'mean', 'max'])
@settings(max_examples=20)
@given(study=studies)
def test_pool_word_pieces(by, study):
    """[CLS], or the mean or the maximum of all word pieces from [CLS] to [SEP]; padding takes no part."""
    reports = reports_of(study)
    word_pieces, given_pieces = features_of(reports)

    def by_loop() -> torch.Tensor:
        pooled = []
        for row, report in zip(word_pieces, study, strict=True):
            own = row[:1 + sum(words_of(report)) + 1]
            largest = torch.stack([max(column) for column in own.T])
            pooled.append(dict(start=own[0], mean=sum(own) / len(own), max=largest)[by])
        return torch.stack(pooled)

    assert_same(lambda: pool_word_pieces(given_pieces, reports.token_mask, by), by_loop, [word_pieces])
