"""CXR-CLIP's losses, pair by pair of views and texts, study by study."""
import pytest
import torch
from fast_and_slow import assert_same, noise
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_methods import tiny

from prior_mm.models.global_batch import GlobalBatch
from prior_mm.models.same_report import SameReport
from prior_mm.structures import StudyEmbeddings

WIDTH, SMOOTHING = 4, 0.1


@pytest.fixture(scope='module')
def model() -> torch.nn.Module:
    return tiny('CXRCLIP', label_smoothing=SMOOTHING).double()


def find(rows: torch.Tensor, columns: torch.Tensor, scale: torch.Tensor, smoothing: float, said: list[int],
         treatment: str | None) -> torch.Tensor:
    """What it costs, in the mean, that each row finds its column; the right answer shares a little with all columns."""
    loss = 0.
    for i, row in enumerate(rows):
        right = [j for j in range(len(columns)) if j == i or (treatment == 'soften' and said[j] == said[i])]
        there = [j for j in range(len(columns)) if j == i or treatment != 'mask' or said[j] != said[i]]
        scores = {j: scale * (row @ columns[j]) / (row.square().sum() * columns[j].square().sum()).sqrt()
                  for j in there}
        whole = sum(score.exp() for score in scores.values())
        for j, score in scores.items():
            target = (1 - smoothing) * (j in right) / len(right) + smoothing / len(there)
            loss = loss - target * (score.exp() / whole).log() / len(rows)
    return loss


@settings(max_examples=20)
@given(said=st.lists(st.integers(0, 2), min_size=1, max_size=4), training=st.booleans(),
       treatment=st.sampled_from([None, 'mask', 'soften']))
def test_loops(model, said, training, treatment):
    """The mean over the pairs of each kind; labels are smoothed between image and text only, and in training only."""
    views, texts = ([noise(len(said), WIDTH, seed=seed) for seed in seeds] for seeds in ((0, 1), (2, 3)))
    smoothing = SMOOTHING if training else 0.
    model.train(training)

    def fast() -> list[torch.Tensor]:
        study = StudyEmbeddings(None, torch.cat(views), None, None, None, torch.cat(texts))
        batch = GlobalBatch(len(said), torch.tensor(len(said)),
                            treatment and SameReport('labels', treatment), torch.tensor(said)[:, None].double())
        losses = model.compare(study, None, None, batch)
        return [losses[name] for name in ('image_to_text', 'text_to_image', 'image_to_image', 'text_to_text')]

    def by_loop() -> list[torch.Tensor]:
        def cost(rows, columns, smoothing=0.):
            return find(rows, columns, model.logit_scale.exp(), smoothing, said, treatment)

        return [sum(cost(view, text, smoothing) for view in views for text in texts) / 4,
                sum(cost(text, view, smoothing) for view in views for text in texts) / 4,
                (cost(*views) + cost(*views[::-1])) / 2, (cost(*texts) + cost(*texts[::-1])) / 2]

    assert_same(lambda: [*fast(), *views], lambda: [*by_loop(), *views], [*views, *texts, model.logit_scale])
