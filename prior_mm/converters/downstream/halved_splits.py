"""Splits as MGCA's code draws them: scikit-learn cuts the sorted ids in two, and what is not trained on in halves."""
from collections.abc import Mapping, Sequence

from sklearn.model_selection import train_test_split

from .splits import SHARES, Splits, label_subsets


def halved_splits(labels: Mapping[str, frozenset[str]], shares: Mapping[str, float], percents: Sequence[float],
                  seed: int) -> Splits:
    """The split of each image by ``train_test_split``, not stratified; the first half of the rest is the test.

    Args:
        labels: Findings of each image, for the smaller sets of labels alone.
        shares: Percent of the images by split; ``val`` and ``test`` are halves of what ``train`` leaves.
        percents: Of the smaller sets of labels, drawn as for drawn splits: those of MGCA's code are not published.
        seed: ``random_state`` of both cuts.
    """
    train, rest = train_test_split(sorted(labels), test_size=1 - shares['train'] / 100, random_state=seed)
    test, val = train_test_split(rest, test_size=.5, random_state=seed)
    split_of = {image: name for name, ids in (('train', train), ('val', val), ('test', test)) for image in ids}
    of = {image: split_of[image] for image in labels}
    return Splits(of, tuple(SHARES), label_subsets(of, labels, tuple(SHARES), percents, seed),
                  dict(splits='halved', seed=seed, shares=dict(shares), label_percents=list(percents)))
