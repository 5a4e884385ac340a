"""Drafts: sentences that are predicted, once each, without contradictions, in the order of reports."""
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from prior_mm.inference.draft import compose, contradict, draft
from prior_mm.inference.prototypes import to_prototypes
from prior_mm.inference.results import DraftSentence

TEXTS = ['There is a small left pneumothorax.', 'The heart is enlarged.', 'No pneumothorax.', 'Heart is large.',
         'the heart is enlarged', 'There are degenerative changes of the spine.']


def archive():
    """Sentences whose places in reports go against the order of the table; the second and fourth say the same."""
    vectors = np.eye(len(TEXTS), dtype=np.float32)
    vectors[3] = vectors[1]
    return SimpleNamespace(sentences=SimpleNamespace(texts=TEXTS, places=np.linspace(1, 0, len(TEXTS))),
                           unit_sentences=vectors)


def found(*numbers):
    """Predicted sentences, the first the surest."""
    return [(number, DraftSentence(TEXTS[number], 1 - rank / 10, 0, 1., ())) for rank, number in enumerate(numbers)]


def test_compose():
    """The surer of two that contradict each other, or say the same, stays; the rest stands as in reports."""
    made = compose(found(0, 1, 2, 3, 4, 5, 0), archive())
    assert [sentence.text for sentence in made.sentences] == [TEXTS[5], TEXTS[1], TEXTS[0]]
    reasons = {dropped.text: dropped.reason for dropped in made.dropped}
    assert reasons == {TEXTS[2]: f'contradicts "{TEXTS[0]}"', TEXTS[3]: 'says what another sentence says',
                       TEXTS[4]: 'says what another sentence says', TEXTS[0]: 'says what another sentence says'}
    assert made.text == ' '.join([TEXTS[5], TEXTS[1], TEXTS[0]])
    assert [sentence.text for sentence in compose(found(2, 0), archive()).sentences] == [TEXTS[2]]
    assert compose([], archive()).sentences == ()


@pytest.mark.parametrize(('one', 'other', 'is_so'), [
    ('No pleural effusion.', 'Small left pleural effusion.', True),
    ('Small left pleural effusion.', 'No pneumothorax or pleural effusion.', True),
    ('No pleural effusion.', 'The heart is enlarged.', False),
    ('The heart is enlarged.', 'There is cardiomegaly.', False),
    ('The heart is normal in size.', 'There is cardiomegaly.', True),
])
def test_contradictions(one, other, is_so):
    """A finding that one sentence names and the other denies."""
    assert contradict(one, other) is contradict(other, one) is is_so


def test_a_draft_is_what_is_predicted(model, home):
    """Each predicted embedding is told by the sentence whose prototype is nearest by cosine, against a plain search."""
    encoder, known = model.encoder, model.archive
    batch = torch.from_numpy(encoder.prepare(home / 'data/files/test_0_0.png'))[None]
    _, patches, _ = encoder.features(batch)
    predicted = encoder.method.sentence_decoder(patches)[0].detach().numpy()
    prototypes = to_prototypes(encoder, known.sentences.vectors)
    expected = set()
    for vector in predicted:
        cosines = [vector @ row / np.linalg.norm(vector) / np.linalg.norm(row) for row in prototypes]
        best = int(np.argmax(cosines))
        if np.abs(vector).sum() >= np.abs(vector - prototypes[best]).sum():
            expected.add(known.sentences.texts[best])
    made = draft(encoder, batch, known)[0]
    assert {one.text for one in made.sentences} | {one.text for one in made.dropped} == expected
    assert all(one.text == one.nearest[0].text and 0 < one.weight <= 1 for one in made.sentences)
    assert model.draft_report(home / 'data/files/test_0_0.png').sentences == made.sentences
