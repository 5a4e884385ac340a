"""The local alignment that looks, against loops; and that the paper's local losses do not notice exchanged images."""
import pytest
import torch
import torch.nn.functional as F
from fast_and_slow import assert_same, noise, spread_out
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models import CrossAttention, GroundedAlignment, LocalAlignment
from prior_mm.models.alignment.grounded_alignment import sentence_similarity
from prior_mm.models.same_report import SameReports

WIDTH = 6


@settings(max_examples=15, deadline=None)
@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=4), patches=st.integers(1, 5))
def test_study_by_study(counts, patches):
    """Each radiograph with each report, sentence by sentence, place by place; padding is never seen."""
    alignment, attention = spread_out(GroundedAlignment(WIDTH)), spread_out(CrossAttention(WIDTH), seed=1)
    x, s = noise(len(counts), patches, WIDTH), noise(len(counts), max(counts), WIDTH, seed=1)
    mask = torch.arange(s.shape[1]) < torch.tensor(counts)[:, None]

    def by_loop() -> list[torch.Tensor]:
        films, scale = range(len(counts)), alignment.logit_scale.exp()
        fits = [[[fit(image, sentence) * scale for sentence in report[:count]]
                 for report, count in zip(s, counts, strict=True)] for image in x]
        reports = []
        for own, count in enumerate(counts):
            losses = []
            for number in range(count):
                partner = fits[own][own][number]
                films_there = torch.stack([fits[film][own][number] for film in films])
                sentences_there = torch.stack([partner, *(
                    value for report in films if report != own for value in fits[own][report])])
                losses.append((films_there.logsumexp(0) + sentences_there.logsumexp(0)) / 2 - partner)
            reports.append(sum(losses) / count)
        return [alignment.image_loss(x, attention(x, s, mask).patch_context), sum(reports) / len(reports)]

    def fit(image: torch.Tensor, sentence: torch.Tensor) -> torch.Tensor:
        cosines = torch.stack([F.cosine_similarity(patch, sentence, dim=0) for patch in image])
        weights = (cosines / alignment.focus).exp()
        return (weights / weights.sum() * cosines).sum()

    assert_same(lambda: alignment(x, s, mask, attention(x, s, mask)), by_loop,
                [x, s, *alignment.parameters(), *attention.parameters()])


@pytest.mark.parametrize('soften', [False, True])
def test_studies_that_say_the_same(soften):
    """By loops: masked, they are no negatives, as if each were alone with the others; softened, both are right."""
    counts, alike = [2, 3, 1], torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
    alignment, x = spread_out(GroundedAlignment(WIDTH)), noise(3, 4, WIDTH)
    s, mask = noise(3, 3, WIDTH, seed=1), torch.arange(3) < torch.tensor(counts)[:, None]
    context = spread_out(CrossAttention(WIDTH), seed=1)(x, s, mask)
    fits = sentence_similarity(x, s.flatten(0, 1)).unflatten(1, (3, 3)) * alignment.logit_scale.exp()
    studies = []
    for own, count in enumerate(counts):
        losses = []
        for number in range(count):
            films = [film for film in range(3) if soften or film == own or not alike[own, film]]
            of_films = {film: fits[film, own, number] for film in films}
            right = [film for film in films if film == own or alike[own, film]]
            total = torch.stack([*of_films.values()]).logsumexp(0)
            which_film = sum(total - of_films[film] for film in right) / len(right)
            which_sentences = 0
            for film in right:
                strangers = [fits[film, other, place] for other in range(3) if not alike[film, other]
                             for place in range(counts[other])]
                partner = fits[film, own, number]
                which_sentences += torch.stack([partner, *strangers]).logsumexp(0) - partner
            losses.append((which_film + which_sentences / len(right)) / 2)
        studies.append(sum(losses) / count)
    _, ours = alignment(x, s, mask, context, SameReports(alike, soften))
    torch.testing.assert_close(ours, sum(studies) / 3)
    assert torch.equal(alignment(x, s, mask, context, SameReports(torch.eye(3).bool(), soften))[1],
                       alignment(x, s, mask, context)[1])


def test_similarity_is_between_the_mean_and_the_best_place():
    """By hand: cosines 1 and 0. A small focus takes the best place, a large one the mean."""
    patches, sentences = torch.eye(2)[None], torch.tensor([[1., 0]])
    assert sentence_similarity(patches, sentences, .001).item() == pytest.approx(1)
    assert sentence_similarity(patches, sentences, 1000.).item() == pytest.approx(.5, abs=1e-3)


def test_attention_is_what_the_similarity_weighs_by():
    """The attention of a sentence adds up to 1 over the places; the cosines that it weighs are the similarity."""
    alignment, x, s = GroundedAlignment(WIDTH), noise(2, 5, WIDTH), noise(2, 3, WIDTH, seed=1)
    attention = alignment.attention(x, s)
    cosine = F.cosine_similarity(s[:, :, None], x[:, None], dim=-1)
    for study in range(2):
        torch.testing.assert_close((attention[study] * cosine[study]).sum(dim=1),
                                   sentence_similarity(x[study][None], s[study], alignment.focus)[0])
    torch.testing.assert_close(attention.sum(dim=2), torch.ones_like(attention[..., 0]))


def made_up(generator, findings, count: int):
    """Studies of 9 patches and 4 sentences: one patch and one sentence are of the study's finding, the rest of none."""
    kinds = torch.randperm(len(findings), generator=generator)[:count]
    patches = .3 * torch.randn(count, 9, 16, generator=generator)
    places = torch.randint(9, (count, ), generator=generator)
    patches[torch.arange(count), places] += findings[kinds]
    normal = torch.eye(16)[:3].expand(count, 3, 16)
    sentences = torch.cat([findings[kinds].roll(5, dims=1)[:, None], normal], dim=1)
    return patches, sentences, places


@pytest.mark.parametrize('cls', [LocalAlignment, GroundedAlignment])
def test_exchanged_images(cls):
    """Trained on made-up studies, the paper's text side is nearly as well met by the radiographs of other patients; the
    grounded one is not, and its best patch is that of the finding."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    findings = 2 * F.normalize(torch.randn(8, 16, generator=generator), dim=1)
    image, text = torch.nn.Linear(16, 16), torch.nn.Linear(16, 16)
    parts = torch.nn.ModuleList([image, text, cls(16), CrossAttention(16)])
    alignment, attention = parts[2], parts[3]
    optimizer = torch.optim.Adam(parts.parameters(), lr=1e-2)
    mask = torch.ones(8, 4, dtype=torch.bool)

    def text_loss(patches, sentences):
        x, s = image(patches), text(sentences)
        return alignment(x, s, mask, attention(x, s, mask))

    with torch.no_grad():
        before = text_loss(*made_up(generator, findings, 8)[:2])[1]
    for _ in range(100):
        patches, sentences, _ = made_up(generator, findings, 8)
        optimizer.zero_grad()
        sum(text_loss(patches, sentences)).backward()
        optimizer.step()
    with torch.no_grad():
        patches, sentences, places = made_up(generator, findings, 8)
        own, exchanged = text_loss(patches, sentences)[1], text_loss(patches.roll(1, dims=0), sentences)[1]
        cosine = torch.einsum('bpd,bd->bp', F.normalize(image(patches), dim=-1), text(sentences)[:, 0])
        found = (cosine.argmax(dim=1) == places).float().mean()
    if cls is LocalAlignment:  # nine tenths of what was learned serve for any radiograph, and no place was learned
        assert own < exchanged < .2 * before and found < .5
    else:  # three of four sentences are the same in all reports, and stay at chance
        assert own < .7 * before and exchanged > before and found > .9
