"""What the methods that align words share, report by report."""
import torch
from fast_and_slow import assert_same, noise
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models.word_method import sentences_of_words
from prior_mm.structures import WordStudy


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(1, 4), max_size=4), min_size=1, max_size=4))
def test_sentences_of_words(reports):
    """[CLS], then each sentence as the mean of its words; what ends a shorter report is left out by the mask."""
    index = [[-1, *(number for number, words in enumerate(report) for _ in range(words))] for report in reports]
    places = max(map(len, index))
    words = noise(len(reports), places, 3)
    sentence_of_word = torch.tensor([own + [-1] * (places - len(own)) for own in index])
    garbage = torch.tensor([[place >= len(own) for place in range(places)] for own in index])
    study = WordStudy(None, None, torch.where(garbage[..., None], 1e6 * words, words), ~garbage, sentence_of_word, None)

    def by_loop() -> torch.Tensor:
        found = []
        for row, report in zip(words, reports, strict=True):
            found.append(row[0])
            place = 1
            for count in report:
                found.append(sum(row[place:place + count]) / count)
                place += count
        return torch.stack(found)

    sentences, mask = sentences_of_words(study)
    most = 1 + max(map(len, reports))
    assert mask.tolist() == [[place <= len(report) for place in range(most)] for report in reports]
    assert_same(lambda: sentences[mask], by_loop, [words])
