"""The transforms one by one: what they may change, what they may not, and where their randomness comes from."""
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from prior_mm.datasets import (
    LoadRadiograph,
    PackStudy,
    RandomFlipRadiograph,
    RandomRotateRadiograph,
    ResizeRadiograph,
    ShuffleSentences,
    StudyError,
    TokenizeReport,
    TwoVisits,
    collate_studies,
)

WORDS = ('heart', 'is', 'large', 'lungs', 'clear', 'no', 'effusion', '.')
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(' '.join)


@pytest.fixture(scope='module')
def vocabulary(tmp_path_factory):
    path = tmp_path_factory.mktemp('vocabulary') / 'vocab.txt'
    path.write_text('\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *WORDS]))
    return str(path)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_load_draws_views(tmp_path):
    """Over many visits every view comes up; 'first' is always the first and draws nothing."""
    for name, value in (('a.png', 10), ('b.png', 20), ('c.png', 30)):
        Image.fromarray(np.full((20, 30), value, dtype=np.uint8)).save(tmp_path / name)
    study = dict(images=['a.png', 'b.png', 'c.png'], image_root=str(tmp_path))
    seen = {}
    for seed in range(40):
        results = LoadRadiograph()({**study, 'rng': rng(seed)})
        seen[results['image_path']] = int(results['image'][0, 0])
    assert seen == {'a.png': 10, 'b.png': 20, 'c.png': 30}
    assert LoadRadiograph(view='first')({**study, 'rng': None})['image_path'] == 'a.png'
    with pytest.raises(ValueError, match="'random' or 'first'"):
        LoadRadiograph(view='last')


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 80), width=st.integers(1, 80), dtype=st.sampled_from([np.uint8, np.uint16]),
       seed=st.integers(0, 9))
def test_resize_agrees_between_depths(height, width, dtype, seed):
    """8 and 16 bits give the same picture, in the size asked for."""
    image = rng(seed).integers(0, 256, (33, 47)).astype(np.uint8)
    stored = image if dtype == np.uint8 else image.astype(np.uint16) * 257
    resized = ResizeRadiograph(size=(height, width))(dict(image=stored))['image']
    assert resized.shape == (height, width) and resized.dtype == dtype
    reference = np.asarray(Image.fromarray(image.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(resized / np.iinfo(dtype).max, reference / 255, atol=1.1 / 255)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_rotation(dtype):
    """The centre stays, the angle is what was drawn, corners are filled with black, and 0 degrees change nothing."""
    image = np.zeros((65, 65), dtype=dtype)
    image[32, :] = np.iinfo(dtype).max
    results = RandomRotateRadiograph(degrees=30)(dict(image=image, rng=rng(3)))
    angle = rng(3).uniform(-30, 30)
    rotated = results['image']
    assert rotated.dtype == dtype and rotated.shape == image.shape
    assert rotated[32, 32] == np.iinfo(dtype).max
    rows = rotated[:, 56].astype(float)
    assert (rows @ np.arange(65)) / rows.sum() == pytest.approx(32 - 24 * np.tan(np.radians(angle)), abs=0.3)
    assert np.array_equal(RandomRotateRadiograph(degrees=0)(dict(image=image, rng=rng()))['image'], image)


def test_flip_probability():
    """0 never mirrors, 1 always, 0.5 about half the time."""
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(RandomFlipRadiograph(prob=0)(dict(image=image, rng=rng()))['image'], image)
    assert np.array_equal(RandomFlipRadiograph(prob=1)(dict(image=image, rng=rng()))['image'], image[:, ::-1])
    flips = sum(RandomFlipRadiograph()(dict(image=image, rng=rng(seed)))['image'][0, 0] == 3 for seed in range(200))
    assert 70 < flips < 130


def test_shuffle_is_a_permutation_and_leaves_the_annotation_alone():
    """All sentences stay; the list that was handed in is not touched."""
    sentences = [str(i) for i in range(20)]
    shuffled = ShuffleSentences()(dict(sentences=sentences, rng=rng()))['sentences']
    assert sorted(shuffled) == sorted(sentences) != shuffled and sentences == [str(i) for i in range(20)]


def test_whole_reports_are_told_apart():
    """The sign is that of all sentences in any order, whatever is drawn; another report has another one."""
    def sign(sentences, seed=0, **options):
        return ShuffleSentences(**options)(dict(sentences=sentences, rng=rng(seed)))['report_sign']

    whole = ['The lungs are clear.', 'No effusion.', 'No pneumothorax.']
    signs = {sign(order, seed, at_most=at_most) for seed in range(3) for order in (whole, whole[::-1])
             for at_most in (None, 1)}
    assert len(signs) == 1 and signs != {sign(whole[:2])} and 0 <= signs.pop() < 2**52


def test_parts_of_reports():
    """As often as it is asked for, a part of any length, without repetition; one sentence is among them."""
    sentences = [str(i) for i in range(5)]
    transform = ShuffleSentences(subset_prob=0.5)
    kept = [transform(dict(sentences=sentences, rng=rng(seed)))['sentences'] for seed in range(2000)]
    assert all(len(set(part)) == len(part) and set(part) <= set(sentences) for part in kept)
    shares = [sum(len(part) == n for part in kept) / len(kept) for n in range(6)]
    assert shares == pytest.approx([0, .1, .1, .1, .1, .6], abs=.035)
    with pytest.raises(ValueError, match='subset_prob'):
        ShuffleSentences(subset_prob=1.5)


@settings(max_examples=100, deadline=None)
@given(sentences=st.lists(SENTENCE, min_size=1, max_size=30), max_length=st.integers(3, 60))
def test_tokens(vocabulary, sentences, max_length):
    """[CLS] whole sentences [SEP], in order, as many as fit; the first one cut if it must be."""
    results = TokenizeReport(vocabulary, max_length=max_length)(dict(study_id='s', sentences=sentences))
    ids, index, kept = results['token_ids'], results['sentence_index'], results['sentences']
    assert len(ids) == len(index) <= max_length and (ids[0], ids[-1], index[0], index[-1]) == (2, 3, -1, -1)
    assert kept == sentences[:len(kept)] and index[1:-1] == sorted(index[1:-1])
    pieces = [[5 + WORDS.index(word) for word in sentence.split()] for sentence in sentences]
    for number in range(len(kept)):
        expected = pieces[number] if number else pieces[0][:max_length - 2]
        assert [i for i, sentence in zip(ids, index, strict=True) if sentence == number] == expected
    if len(kept) < len(sentences):
        assert len(ids) + len(pieces[len(kept)]) > max_length
    assert results['pad_id'] == 0


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(exclude_categories=['Cs']), max_size=30))
def test_any_text_tokenises_or_is_refused(vocabulary, text):
    """Odd Unicode, control characters and blanks never break it; no report is empty."""
    transform = TokenizeReport(vocabulary)
    results = transform(dict(study_id='s', sentences=[text, 'heart', text]))
    counts = np.bincount(np.array(results['sentence_index']) + 1)
    assert (counts > 0).all() and len(counts) - 1 == len(results['sentences'])
    try:
        transform(dict(study_id='s1', sentences=[text]))
    except StudyError as error:
        assert 's1' in str(error)


def test_tokenizer_is_checked_at_once(tmp_path, vocabulary):
    """A missing vocabulary is told when the data set is built, not by a worker later; room for one piece is needed."""
    with pytest.raises(FileNotFoundError, match=r'demo\.py'):
        TokenizeReport(str(tmp_path / 'vocab.txt'))
    with pytest.raises(ValueError, match='max_length'):
        TokenizeReport(vocabulary, max_length=2)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_pack(dtype):
    """Full scale becomes 1, nothing is shared with the input, and the generator is not handed on."""
    image = np.array([[0, np.iinfo(dtype).max]], dtype=dtype)
    image.setflags(write=False)
    packed = PackStudy()(dict(image=image, study_id='s', image_path='a.png', labels={}, sentences=['x'], rng=rng(),
                              token_ids=[2, 3], sentence_index=[-1, -1], pad_id=0))
    assert torch.equal(packed['image'], torch.tensor([[[0., 1.]]]))
    assert packed['info'] == dict(study_id='s', image_path='a.png', labels={}, sentences=['x'])
    assert set(packed) == {'image', 'info', 'token_ids', 'sentence_index', 'pad_id'}


@pytest.mark.parametrize('at_most', [1, 2, 9])
def test_at_most_so_many_sentences(at_most):
    """As many as asked for, or all; each of the report's sentences comes up; at least one has to be left."""
    sentences = ['heart', 'lungs', 'no effusion']
    seen = set()
    for seed in range(40):
        kept = ShuffleSentences(at_most=at_most)(dict(sentences=list(sentences), rng=rng(seed)))['sentences']
        assert len(kept) == len(set(kept)) == min(at_most, 3) and set(kept) <= set(sentences)
        seen.add(kept[0])
    assert seen == set(sentences)
    with pytest.raises(ValueError, match='at_most'):
        ShuffleSentences(at_most=0)


def test_two_visits_are_as_one_after_the_other(tmp_path, vocabulary):
    """The second visit goes on drawing where the first ended; a batch holds all first visits, then all second ones."""
    for name, value in (('a.png', 10), ('b.png', 20)):
        Image.fromarray(np.full((16, 16), value, dtype=np.uint8)).save(tmp_path / name)
    steps = [LoadRadiograph(size=16), ShuffleSentences(at_most=1), TokenizeReport(vocabulary), PackStudy()]
    study = dict(study_id='s', images=['a.png', 'b.png'], image_root=str(tmp_path),
                 sentences=['heart is large', 'no effusion'])
    visits, differ = [], set()
    for seed in range(8):
        one, generator = TwoVisits(steps)({**study, 'rng': rng(seed)}), rng(seed)
        for visit in (one, one['second']):
            alone = {**study, 'rng': generator}
            for step in steps:
                alone = step(alone)
            assert torch.equal(visit['image'], alone['image']) and visit['token_ids'] == alone['token_ids']
        differ |= {name for name in ('image', 'token_ids')
                   if not np.array_equal(np.asarray(one[name]), np.asarray(one['second'][name]))}
        visits.append(one)
    assert differ == {'image', 'token_ids'} and study['sentences'] == ['heart is large', 'no effusion']
    batch = collate_studies(visits)
    assert len(batch['inputs']) == len(batch['reports'].token_ids) == 16 and len(batch['data_samples']) == 8
    for number, visit in enumerate(visits):
        assert torch.equal(batch['inputs'][number], visit['image'])
        assert torch.equal(batch['inputs'][8 + number], visit['second']['image'])
    assert TwoVisits([lambda results: None])(dict(study_id='broken')) is None
