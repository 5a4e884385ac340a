"""What a prototype is said to stand for is what is nearest to it, study by study."""
import pytest
import torch
import torch.nn.functional as F
from matplotlib.image import imread
from tiny_methods import batch, tiny

from prior_mm.datasets import collate_studies
from prior_mm.visualization import closeness, draw_prototypes, draw_studies, has_prototypes

SENTENCES = [[2, 4], [2, 2, 2], [4]]


def studies() -> list[dict]:
    """As the data set gives them, with texts that name their place."""
    images, reports = batch(SENTENCES)
    return [dict(image=image, token_ids=tokens[mask].tolist(), sentence_index=index[mask].tolist(),
                 word_index=words[mask].tolist(), pad_id=0,
                 info=dict(sentences=[f'{number}.{sentence}' for sentence in range(len(SENTENCES[number]))]))
            for number, (image, tokens, mask, index, words) in enumerate(zip(
                images, reports.token_ids, reports.token_mask, reports.sentence_index, reports.word_index,
                strict=True))]


def model_of(name: str) -> torch.nn.Module:
    bank = dict(type='SentencePrototypeBank', num_prototypes=7)
    return tiny('MGCA') if name == 'MGCA' else tiny('ConVIRT', type='PRIOR', prototype_bank=bank)


@torch.no_grad()
@pytest.mark.parametrize('name', ['PRIOR', 'MGCA'])
def test_nearest_study_by_study(name):
    """Sentence by sentence and patch by patch (PRIOR), or report by report and image by image (MGCA)."""
    model = model_of(name)
    close = closeness(model, studies())
    if name == 'MGCA':
        assert close.texts == ['0.0 0.1', '1.0 1.1 1.2', '2.0']
    else:
        assert close.texts == ['0.0', '0.1', '1.0', '1.1', '1.2', '2.0']
    row = 0
    for number in range(3):
        alone = closeness(model, studies()[number:number + 1])
        torch.testing.assert_close(close.of_texts[row:row + len(alone.texts)], alone.of_texts, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(close.of_images[number], alone.of_images[0], atol=1e-5, rtol=1e-4)
        row += len(alone.texts)
    images, reports = batch(SENTENCES)
    study = model(model.data_preprocessor(dict(inputs=images, reports=reports))['inputs'], reports)
    for prototype in range(7):
        if name == 'MGCA':
            expected = [F.cosine_similarity(image, model.prototypes.prototypes.weight[prototype], dim=0)
                        for image in study.image]
        else:
            expected = [max(F.cosine_similarity(patch, model.prototype_bank.prototypes.weight[prototype], dim=0)
                            for patch in patches) for patches in study.patches]
        torch.testing.assert_close(close.of_images[:, prototype], torch.stack(expected), atol=1e-5, rtol=1e-4)


def test_picture(tmp_path):
    """A picture is drawn, of fewer images and texts than there is room for, too."""
    model = model_of('PRIOR')
    assert has_prototypes(model) and has_prototypes(model_of('MGCA')) and not has_prototypes(tiny('ConVIRT'))
    model.set_losses(dict(global_alignment=1.))
    assert not has_prototypes(model)
    for count in (1, 3):
        draw_prototypes(closeness(model, studies()[:count]), tmp_path / f'{count}.png', 'SYNTHETIC')
        assert imread(tmp_path / f'{count}.png').std() > .05


def test_studies_of_another_method(tmp_path):
    """A method without a decoder is drawn with its cosines, and without reconstructions."""
    batched = collate_studies(studies())
    draw_studies(tiny('GLoRIA'), batched['inputs'], batched['reports'], batched['data_samples'],
                 tmp_path / 'studies.png')
    assert imread(tmp_path / 'studies.png').std() > .05
