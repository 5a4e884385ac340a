"""Pictures of studies: which studies and sentences are shown, and that a tiny model's pictures come out."""
import numpy as np
import pytest
import torch
from matplotlib.image import imread

from prior_mm.models import PRIOR
from prior_mm.structures import Reports
from prior_mm.visualization.study_pictures import choose_sentence, choose_studies, draw_studies


class Studies(list):
    """Annotations as a data set tells them."""

    def get_data_info(self, index: int) -> dict:
        return self[index]


def studies(*labels: str) -> Studies:
    return Studies(dict(labels=dict.fromkeys(filter(None, text.split('+')), 1)) for text in labels)


def test_studies_with_different_findings_first():
    """Findings not shown yet come first; devices and normal studies fill up; never more than there are."""
    dataset = studies('No Finding', 'Edema', 'Edema', '', 'Edema+Nodule', 'Support Devices')
    assert choose_studies(dataset, 2) == [1, 4]
    assert choose_studies(dataset, 4) == [1, 4, 0, 2]
    assert choose_studies(dataset, 2, {2, 5}) == [2, 4]
    assert sorted(choose_studies(dataset, 9)) == list(range(6))


def test_sentence_that_names_a_finding_first():
    """Of the sentences that name a finding the one with most contrast; without findings, of all."""
    sentences = ['Heart is normal.', 'Small effusion.', 'Large pleural effusion.', 'Mild edema.']
    attention = np.zeros((4, 2, 2))
    attention[:, 0, 0] = [.9, .1, .2, .5]
    assert choose_sentence(sentences, attention, {'Pleural Effusion': 1, 'Edema': 0}) == 2
    assert choose_sentence(sentences, attention, {'Edema': 1}) == 3
    assert choose_sentence(sentences, attention, {'Fracture': 1}) == 0
    assert choose_sentence(sentences, attention) == 0
    assert choose_sentence(sentences, attention, {'Edema': 1}, {'Small effusion.', 'Large pleural effusion.'}) == 2


def test_sentence_in_the_words_of_reports():
    """Findings are found under the names that reports give them, and not where a report says that they are absent."""
    sentences = ['No pulmonary nodules.', 'The heart is large.', 'There is a nodule.', 'Streaky opacities.']
    attention = np.linspace(0, [4, 3, 2, 1], 5).T[..., None]
    assert choose_sentence(sentences, attention, {'Lung Lesion': 1}) == 2
    assert choose_sentence(sentences, attention, {'Lung Opacity': 1}) == 3
    assert choose_sentence(sentences, attention, {'Cardiomegaly': 1, 'Lung Opacity': 1}) == 1


@pytest.fixture
def batch():
    """Two studies of three and one sentences."""
    reports = Reports.from_sequences([[2, 5, 6, 7, 8, 3], [2, 9, 3]], [[-1, 0, 0, 1, 2, -1], [-1, 0, -1]])
    images = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    samples = [dict(study_id='s1', labels={'Edema': 1}, sentences=['Edema is there.', 'Clear.', 'Normal heart size.']),
               dict(study_id='s2')]
    return images, reports, samples


def tiny(**changes) -> PRIOR:
    torch.manual_seed(0)
    return PRIOR(**{**dict(
        image_encoder=dict(type='ImageEncoder', out_channels=512, stride=32, grid=(2, 2),
                           backbone=dict(type='mmpretrain.ResNet', depth=18, in_channels=1)),
        text_encoder=dict(type='TextEncoder', config=dict(
            hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=50)),
        embed_dims=32, prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=12),
        image_decoder=dict(type='ImageDecoder')), **changes})


@pytest.mark.parametrize(('changes', 'columns'), [
    ({}, 3), (dict(image_decoder=None), 2), (dict(loss_weights=dict(global_alignment=1.)), 2)],
    ids=['whole', 'without an image decoder', 'of a stage that trains none'])
def test_picture(tmp_path, batch, changes, columns):
    """A row a study comes out, also for a model that reconstructs nothing and a study of which nothing is known."""
    images, reports, samples = batch
    model = tiny(**changes)
    draw_studies(model, model.data_preprocessor.normalise(images), reports, samples, tmp_path / 'made' / 'a.png', 'two')
    picture = imread(tmp_path / 'made' / 'a.png')
    assert picture.std() > .05 and picture.shape[1] == pytest.approx(341 * columns, abs=3)
    assert not model.training


def test_published_layout_has_no_places(batch):
    """Where patches are no places of the image, the attention is refused rather than drawn wrongly."""
    model = tiny()
    model.image_encoder.patch_layout = 'published'
    with pytest.raises(ValueError, match='patch_layout'):
        draw_studies(model, *batch, 'never.png')


def test_places_are_drawn(tmp_path, batch):
    """A box, in shares of the image, comes out in its colour; without a place there is none."""
    images, reports, samples = batch
    seen = []
    for places in ({}, {'Clear.': [(.25, .25, .5, .5)]}):
        draw_studies(tiny(image_decoder=None), images, reports, [dict(samples[0], places=places), samples[1]],
                     tmp_path / 'a.png')
        red, green, blue = imread(tmp_path / 'a.png')[..., :3].transpose(2, 0, 1)
        seen.append(int(((green > .9) & (red < .1) & (blue < .1)).sum()))
    assert seen[0] == 0 < seen[1]
