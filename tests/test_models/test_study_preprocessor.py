"""What the preprocessor does to images, and what it leaves alone."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models import StudyPreprocessor
from prior_mm.structures import Reports

IMAGES = torch.rand(2, 1, 4, 3, generator=torch.Generator().manual_seed(0))


@settings(deadline=None)
@given(mean=st.floats(0, 1), std=st.floats(0.05, 2))
def test_normalise(mean, std):
    """(x - mean) / std, and back."""
    preprocessor = StudyPreprocessor(mean, std)
    images = preprocessor(dict(inputs=IMAGES))['inputs']
    torch.testing.assert_close(images, (IMAGES - mean) / std)
    torch.testing.assert_close(preprocessor.restore(images), IMAGES, rtol=1e-4, atol=1e-5)


def test_published_numbers():
    """The defaults are the paper's, which give its data zero mean and unit deviation."""
    preprocessor = StudyPreprocessor()
    assert preprocessor.normalise(torch.tensor(0.4755)).item() == 0
    assert preprocessor.normalise(torch.tensor(0.4755 + 0.3011)).item() == pytest.approx(1)


def test_restored_images_lie_between_black_and_white():
    """A reconstruction beyond the range of an image is cut, so that it can be written as one."""
    restored = StudyPreprocessor().restore(torch.tensor([-9., 0., 9.]))
    assert restored.tolist() == pytest.approx([0, 0.4755, 1])


def test_the_rest_is_handed_on():
    """Reports stay reports and samples stay samples; the loaded batch itself is not changed."""
    reports = Reports.from_sequences([[2, 5, 3], [2, 6, 3]], [[-1, 0, -1]] * 2)
    samples = [dict(study_id='a', labels={'Edema': 1}), dict(study_id='b', labels={})]
    batch = dict(inputs=IMAGES.clone(), reports=reports, data_samples=samples)
    out = StudyPreprocessor()(batch)
    assert isinstance(out['reports'], Reports)
    assert all(torch.equal(a, b) for a, b in zip(out['reports'], reports, strict=True))
    assert out['data_samples'] == samples
    assert torch.equal(batch['inputs'], IMAGES)


@pytest.mark.parametrize('images', [
    torch.zeros(2, 3, 4, 4), torch.zeros(1, 4, 4), torch.zeros(2, 1, 4, 4, dtype=torch.uint8)],
    ids=['colour', 'no batch', 'bytes'])
def test_images_of_another_kind(images):
    """Colour images, a single one and bytes are refused, with what was found and which steps make it right."""
    with pytest.raises(ValueError, match=r'float \(B, 1, H, W\).*got .*PackStudy'):
        StudyPreprocessor()(dict(inputs=images))


def test_description():
    """A checkpoint says how images were prepared, in plain numbers; the buffers themselves are not weights."""
    preprocessor = StudyPreprocessor(0.5063, 0.2895, size=(224, 192))
    assert preprocessor.describe() == dict(size=[224, 192], mean=0.5063, std=0.2895, pixel_range=[0.0, 1.0],
                                           channels=1)
    assert StudyPreprocessor().describe()['size'] is None
    assert not preprocessor.state_dict()
