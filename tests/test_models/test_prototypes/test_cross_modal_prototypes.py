"""MGCA's prototypes of both sides, study by study and prototype by prototype."""
import pytest
import torch
from fast_and_slow import assert_same, noise, spread_out
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models.global_batch import GlobalBatch
from prior_mm.models.prototypes import CrossModalPrototypes

WIDTH = 4


def scores_of(embeddings: torch.Tensor, table: torch.Tensor) -> list[list[torch.Tensor]]:
    """Cosine of each embedding with each prototype, which is of length 1 already."""
    return [[embedding @ prototype / embedding.square().sum().sqrt() for prototype in table]
            for embedding in embeddings]


def sinkhorn(scores: list[list[torch.Tensor]], epsilon: float, rounds: int) -> list[list[float]]:
    """Each prototype an equal share of the studies, then each study the same sum, in turns; at last each study 1."""
    code = [[(score / epsilon).exp().item() for score in row] for row in scores]
    studies, prototypes = len(code), len(code[0])
    for _ in range(rounds):
        for k in range(prototypes):
            share = sum(row[k] for row in code)
            for row in code:
                row[k] /= share * prototypes
        for row in code:
            whole = sum(row)
            row[:] = [value / (whole * studies) for value in row]
    return [[value / sum(row) for value in row] for row in code]


@settings(max_examples=20)
@given(studies=st.integers(1, 5), prototypes=st.integers(1, 6), rounds=st.integers(1, 4),
       temperature=st.sampled_from([0.1, 0.2, 1.]), epsilon=st.sampled_from([0.05, 0.3]))
def test_loops(studies, prototypes, rounds, temperature, epsilon):
    """Each side predicts the code of the other, no gradient goes through a code, and codes are Sinkhorn's."""
    part = spread_out(CrossModalPrototypes(WIDTH, prototypes, temperature, epsilon, rounds))
    images, reports = noise(studies, WIDTH), noise(studies, WIDTH, seed=1)
    batch, table = GlobalBatch(studies, torch.tensor(studies)), part.prototypes.weight
    before = table.detach().clone()

    def by_loop() -> list[torch.Tensor]:
        losses, both = [], [scores_of(side, table) for side in (images, reports)]
        for known, predicting in (both, both[::-1]):
            loss = 0.
            for own, row in zip(sinkhorn(known, epsilon, rounds), predicting, strict=True):
                whole = sum((score / temperature).exp() for score in row)
                loss = loss - sum(share * ((score / temperature).exp() / whole).log()
                                  for share, score in zip(own, row, strict=True)) / studies
            losses.append(loss)
        return [*losses, images, table]

    assert_same(lambda: [*part(images, reports, batch), images, table], by_loop, [images, reports, table])
    for ours, own in zip(table, before, strict=True):
        torch.testing.assert_close(ours, own / own.square().sum().sqrt(), rtol=1e-9, atol=1e-9)
    code = torch.tensor(sinkhorn(scores_of(images, table), epsilon, rounds), dtype=torch.float64)
    torch.testing.assert_close(part.assign(part.logits(images), batch), code, rtol=1e-9, atol=1e-9)
    assert code.sum(dim=1).tolist() == pytest.approx([1.] * studies)
