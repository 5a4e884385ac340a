"""What a loaded model answers is what the method computes, whatever the images come as, one by one or in batches."""
import numpy as np
import pytest
import torch
from made_up_dicom import write_dicom
from PIL import Image
from rounding import rounding
from tiny_model import ALIGNMENT, tiny_checkpoint

import prior_mm
from prior_mm.datasets.collate import collate_studies
from prior_mm.datasets.errors import ImageError
from prior_mm.models.alignment.contrastive import unit
from prior_mm.registry import DATASETS

PROMPTS = {'large': ['heart large', 'large heart'], 'small': ['heart small'], 'no': ['no effusion']}


def films(home, split='test'):
    return sorted((home / 'data/files').glob(f'{split}_*_0.png'))


def test_embeddings_are_those_of_the_evaluation(model, home):
    """Images and reports of the annotation file get the vectors that tools/test.py gives them: same preprocessing."""
    config = model.info.config['test_dataloader']['dataset']
    dataset = DATASETS.build({**config, 'exclusive_labels': []})
    batch = model.encoder.method.data_preprocessor(collate_studies([dataset[i] for i in range(4)]))
    expected = model.encoder.method.predict(batch['inputs'], batch['reports'], batch['data_samples'])
    infos = [dataset.get_data_info(i) for i in range(4)]
    images = model.embed_images([home / 'data' / info['images'][0] for info in infos])
    texts = model.embed_texts([info['sentences'] for info in infos])
    for found, key in ((images, 'image_embedding'), (texts, 'report_embedding')):
        wanted = torch.stack([one[key] for one in expected]).numpy()
        np.testing.assert_allclose(found.vectors, wanted, atol=1e-5)


def test_batches_do_not_matter(model, home):
    """A folder, a list and single images give the same vectors and scores."""
    paths = films(home)
    together, alone = model.score(paths, PROMPTS), [model.score(path, PROMPTS) for path in paths]
    assert together.names == tuple(map(str, paths)) and together.classes == tuple(PROMPTS)
    np.testing.assert_allclose(together.scores, np.concatenate([one.scores for one in alone]), atol=1e-5)
    folder = model.embed_images(home / 'data/files')
    assert list(folder.names) == sorted(folder.names) and len(folder.names) > len(paths)
    place = [folder.names.index(str(path)) for path in paths]
    np.testing.assert_allclose(folder.vectors[place], model.embed_images(paths).vectors, atol=1e-5)


def test_scores_are_the_zero_shot_classifier_s(model, home):
    """Scores against the formula of the paper, class by class; cosines are the means over a class's prompts."""
    path, method = films(home)[0], model.encoder.method
    found = model.score(path, PROMPTS)
    _, patches, image = model.encoder.features(torch.from_numpy(model.encoder.prepare(path))[None])
    method.set_prompts(PROMPTS)
    prompts = method.embed_prompts(torch.device('cpu'))
    cosines = (unit(image) @ unit(prompts.report).T)[0].tolist()
    means, start = [], 0
    for phrases in PROMPTS.values():
        means.append(sum(cosines[start:start + len(phrases)]) / len(phrases))
        start += len(phrases)
    np.testing.assert_allclose(found.cosines[0], means, atol=1e-5)
    np.testing.assert_allclose(found.scores[0], method.scores(image, patches)[0].detach(), atol=1e-5)


@pytest.mark.parametrize('form', ['path', 'bytes', 'Pillow', 'array', 'three channels', 'channels first', 'float',
                                  'tensor', '16 bits', 'DICOM'])
def test_whatever_an_image_comes_as(model, home, tmp_path, form):
    """Each form of one image gives one vector."""
    path = films(home)[0]
    gray = np.asarray(Image.open(path))
    wide = gray.astype(np.uint16) * 257
    image = {
        'path': lambda: str(path), 'bytes': path.read_bytes, 'Pillow': lambda: Image.open(path), 'array': lambda: gray,
        'three channels': lambda: np.stack([gray] * 3, axis=2), 'channels first': lambda: np.stack([gray] * 3),
        'float': lambda: gray / 255., 'tensor': lambda: torch.from_numpy(gray.copy())[None], '16 bits': lambda: wide,
        'DICOM': lambda: write_dicom(tmp_path / 'a.dcm', gray)}[form]()
    # The floats and 16 bits are resized in another precision: half a gray value of 255.
    np.testing.assert_allclose(model.embed_images(image).vectors, model.embed_images(path).vectors, atol=5e-3)


def test_bad_files_are_listed(model, home, tmp_path):
    """One bad file among many is named with its reason; alone it is an error, as is a folder without images."""
    bad = tmp_path / 'bad.png'
    bad.write_bytes(b'<html>')
    found = model.embed_images([films(home)[0], bad, np.zeros((40, 40), np.uint8), films(home)[1]])
    assert len(found.names) == len(found.vectors) == 2
    assert [failure.name for failure in found.failed] == [str(bad), '2']
    assert 'no JPEG' in found.failed[0].reason and 'black' in found.failed[1].reason
    with pytest.raises(ImageError, match='no JPEG'):
        model.embed_images(bad)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ImageError, match='holds no image'):
        model.embed_images(tmp_path / 'empty')
    nothing = model.score([bad], PROMPTS)
    assert nothing.scores.shape == (0, 3) and len(nothing.failed) == 1


@pytest.mark.parametrize('kind', ['cosine', 'attention', 'gradient'])
def test_heat_map(model, home, kind):
    """A map is of the image's size, its peak is its largest value, and it is the method's own."""
    found = model.heatmap(films(home)[0], 'heart large', kind, sigma=0)
    assert found.values.shape == (40, 40) and found.patches.shape == (2, 2) and found.kind == kind
    assert found.values[found.peak[1], found.peak[0]] == found.values.max()
    if kind == 'attention':
        encoder = model.encoder
        images = encoder.images(torch.from_numpy(encoder.prepare(films(home)[0]))[None])
        expected = encoder.method.sentence_attention(images, encoder.reports([['heart large']])[0])[0, 0]
        np.testing.assert_allclose(found.patches, expected, atol=1e-6)


def test_similar(model, home):
    """The nearest study of an image of the archive is its own; texts find reports; k is obeyed."""
    image = home / 'data' / model.archive.images[3]
    found = model.similar(image=image, k=4)
    assert found[0].study == model.archive.studies[3] and found[0].cosine == pytest.approx(1, abs=1e-5)
    assert len(found) == 4 and found == sorted(found, key=lambda match: -match.cosine)
    of_text = model.similar(text=model.archive.reports[5], by='report', k=1)[0]
    assert of_text.cosine == pytest.approx(1, abs=1e-5)
    assert model.similar(image=[image], k=4) == found
    with pytest.raises(ValueError, match='one of the two'):
        model.similar()


def test_similar_to_several_images(model, home, tmp_path):
    """The answer would be of one of them, whichever it is: a folder and a list are refused; a bad file is an error."""
    folder = home / 'data/files'
    for several, count in ((folder, len(list(folder.iterdir()))), (films(home)[:2], 2), ([], 0)):
        with pytest.raises(ValueError, match=f'takes one image, here are {count}: '):
            model.similar(image=several)
    (tmp_path / 'bad.png').write_bytes(b'<html>')
    for bad in (tmp_path, [tmp_path / 'bad.png']):
        with pytest.raises(ImageError, match='no JPEG'):
            model.similar(image=bad)


def test_reconstruction(model, home):
    """A reconstruction is the method's, beside what the model saw."""
    found = model.reconstruct(films(home)[0], ['heart large'])
    encoder = model.encoder
    images = encoder.images(torch.from_numpy(encoder.prepare(films(home)[0]))[None])
    expected = encoder.method.reconstruct(images, encoder.reports([['heart large']])[0])[0, 0]
    np.testing.assert_allclose(found.reconstruction, expected, atol=1e-5)
    assert found.error == pytest.approx(float(np.abs(found.image - found.reconstruction).mean()), abs=rounding(10))


def test_prototypes_of_a_sentence(model):
    """The weights are those with which the bank replaces the sentence: together they give its prototype."""
    bank = model.encoder.method.prototype_bank.prototypes.weight.detach()
    found = model.prototypes('heart large', k=len(bank))
    assert sum(one.weight for one in found) == pytest.approx(1, abs=1e-5)
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)
    made = sum(one.weight * bank[one.number] for one in found)
    expected = model.encoder.embed_reports([['heart large']])[0].prototypes[0, 0]
    np.testing.assert_allclose(made, expected, atol=1e-5)
    texts = {near.text for one in found for near in one.sentences}
    assert texts <= set(model.archive.sentences.texts) and texts


def test_what_a_stage_cannot_do(tmp_path):
    """A checkpoint of the first stage answers with sentences themselves, and says what it lacks for the rest."""
    tiny_checkpoint(tmp_path, ALIGNMENT)
    model = prior_mm.load(tmp_path / 'run', progress=False)
    image = films(tmp_path)[0]
    for ask, lacking in ((lambda: model.reconstruct(image, 'heart'), 'image decoder was not trained'),
                         (lambda: model.prototypes('heart'), 'bank of prototypes was not trained'),
                         (lambda: model.unlike_training(image), 'studies to compare with'),
                         (lambda: model.score(image, ['heart']), 'at least two classes'),
                         (lambda: model.score(image, 'heart'), 'one prompt alone'),
                         (lambda: model.embed_texts([' ']), 'text 0 holds no word'),
                         (lambda: model.heatmap(image, '\u00a7\u00a7 \u00a4'), 'text 0 holds no word'),
                         (lambda: model.score(image, ['heart', '\u00a7']), "of the class '\u00a7' holds no word")):
        with pytest.raises(ValueError, match=lacking):
            ask()
    assert not model.encoder.method.needs('prototype')
    assert model.score(image, PROMPTS).verdicts is None
