"""Zero-shot scores against the formula written out, one image and one prompt at a time."""
import pytest
import torch
from test_prior import batch as batch_of
from test_prior import tiny

from prior_mm.models import ZeroShotClassifier, zero_shot_classifier
from prior_mm.structures import Reports

PROMPTS = {'Edema': ['edema is observed', 'there is edema'], 'Cardiomegaly': ['the heart is large'],
           'No Finding': ['the lungs are clear']}


@pytest.fixture
def vocabulary(tmp_path):
    words = '[PAD] [UNK] [CLS] [SEP] [MASK] edema is observed there the heart large lungs are clear'
    path = tmp_path / 'vocab.txt'
    path.write_text(words.replace(' ', '\n') + '\n')
    return str(path)


def classifier(vocabulary: str, **options) -> ZeroShotClassifier:
    """In float64: the scale of 100 would make float32's rounding visible in the scores."""
    return tiny(ZeroShotClassifier, prompts=PROMPTS, tokenizer=vocabulary, **options).eval().double()


def batch(lengths: list[list[int]]) -> tuple[torch.Tensor, Reports]:
    images, reports = batch_of(lengths)
    return images.double(), reports


def local_score(model: ZeroShotClassifier, study, scale: torch.Tensor) -> torch.Tensor:
    if model.local_score == 'attention':
        to_text, to_image = model.cross_attention.weights(study.patches[0], study.prototypes[0])
        return (to_text.mean() + to_image.mean()) / 2
    cosine = torch.stack([torch.cosine_similarity(patch, study.prototypes[0, 0], dim=0) for patch in study.patches[0]])
    weights = (cosine / .1).exp()
    return (weights / weights.sum() * cosine).sum() * scale


def slow_scores(model: ZeroShotClassifier, images: torch.Tensor, scale: torch.Tensor, local_weight: float):
    """The definition of the scores, loop by loop."""
    ids = {'edema is observed': [5, 6, 7], 'there is edema': [8, 6, 5], 'the heart is large': [9, 10, 6, 11],
           'the lungs are clear': [9, 12, 13, 14]}
    rows = []
    for image in images:
        global_scores, local_scores = [], []
        for prompts in PROMPTS.values():
            cosines, locals_ = [], []
            for prompt in prompts:
                study = model(image[None], Reports.from_sequences(
                    [[2, *ids[prompt], 3]], [[-1, *[0] * len(ids[prompt]), -1]]))
                cosines.append(torch.cosine_similarity(study.image[0], study.report[0], dim=0) * scale)
                locals_.append(local_score(model, study, scale))
            global_scores.append(sum(cosines) / len(cosines))
            local_scores.append(sum(locals_) / len(locals_))
        rows.append(torch.stack(global_scores).softmax(0) + local_weight * torch.stack(local_scores).softmax(0))
    return torch.stack(rows)


@pytest.mark.parametrize(('local_weight', 'local'), [(0., 'attention'), (0.5, 'attention'), (0.5, 'cosine')])
@pytest.mark.parametrize('scale', ['exp', 'published'])
@torch.no_grad()
def test_scores(vocabulary, scale, local_weight, local):
    """Means over a class's prompts, globally and locally, each a softmax over the classes; batches change nothing."""
    model = classifier(vocabulary, scale=scale, local_weight=local_weight, local_score=local)
    images, reports = batch([[2, 3], [1, 1, 1], [4]])
    logit_scale = model.global_alignment.logit_scale
    expected = slow_scores(model, images, logit_scale.exp() if scale == 'exp' else logit_scale, local_weight)
    predictions = model(images, reports, [dict(study_id=i) for i in range(3)], mode='predict')
    torch.testing.assert_close(torch.stack([p['scores'] for p in predictions]), expected, rtol=1e-9, atol=1e-9)
    assert predictions[2]['study_id'] == 2
    assert predictions[0]['classes'] == list(PROMPTS)


def test_local_score_is_what_was_trained(vocabulary):
    """By default a model scores by what its local alignment learned, so that whoever loads it need not know."""
    for alignment, score in (('LocalAlignment', 'attention'), ('GroundedAlignment', 'cosine')):
        model = classifier(vocabulary, local_alignment=dict(type=alignment))
        assert model.local_score == score
        images, reports = batch([[2, 3], [4]])
        scale = model.global_alignment.logit_scale.exp()
        seen = torch.stack([p['scores'] for p in model(images, reports, mode='predict')])
        torch.testing.assert_close(seen, slow_scores(model, images, scale, 0.5), rtol=1e-9, atol=1e-9)
    assert classifier(vocabulary, local_alignment=dict(type='GroundedAlignment'), local_score='attention') \
        .local_score == 'attention'


def test_ablation_has_no_local_score(vocabulary, monkeypatch):
    """Without the LAM nothing trained the attention: the scores are the global ones, and that is said once."""
    said = []
    monkeypatch.setattr(zero_shot_classifier, 'print_log', lambda message, *_: said.append(message))
    model = classifier(vocabulary, local_alignment=None)
    images, _ = batch([[2, 3]] * 2)
    model(images, None, mode='predict')
    seen = torch.stack([p['scores'] for p in model(images, None, mode='predict')])
    torch.testing.assert_close(seen.sum(dim=1), torch.ones(2, dtype=seen.dtype))
    assert len(said) == 1 and 'no local part' in said[0]
    assert 'cross_attention.' in model.unused_in_prediction()
    (whole, *_) = classifier(vocabulary)(images, None, mode='predict')
    assert whole['scores'].sum() == pytest.approx(1.5)


def test_prompts_follow_the_weights(vocabulary):
    """After more training the prompts are encoded anew, not taken from the last evaluation."""
    model = classifier(vocabulary)
    images, reports = batch([[2, 3]])
    before = model(images, reports, mode='predict')[0]['scores']
    model.train()
    torch.nn.init.normal_(model.sentence_projection.weight)
    model.eval()
    assert not torch.equal(model(images, reports, mode='predict')[0]['scores'], before)


@pytest.mark.parametrize('prompts', [{'Edema': ['edema']}, {'Edema': ['edema'], 'None': []},
                                     {'Edema': 'edema', 'None': 'clear'}])
def test_bad_prompts(vocabulary, prompts):
    """One class, a class without a prompt, and a text where a list belongs are errors that say so."""
    with pytest.raises(ValueError, match='prompts must give'):
        tiny(ZeroShotClassifier, prompts=prompts, tokenizer=vocabulary)


@pytest.mark.parametrize('prompt', ['', ' ', '\u00a7\u00a7 \u00a4'])
def test_prompts_without_a_known_word(vocabulary, prompt):
    """Nothing, or [UNK] alone, would get a score and might win; beside a known word it may stand."""
    model = classifier(vocabulary)
    with pytest.raises(ValueError, match="of the class 'None' holds no word that the tokenizer knows"):
        model.set_prompts({'Edema': ['edema'], 'None': ['the lungs are clear', prompt]})
    assert model.classes == list(PROMPTS)
    model.set_prompts({'Edema': ['edema'], 'None': [f'lungs {prompt}']})


def test_unknown_scale(vocabulary):
    """A misspelt scale is an error, not silently the published one."""
    with pytest.raises(ValueError, match="scale must be 'exp' or 'published', got 'log'"):
        classifier(vocabulary, scale='log')


@torch.no_grad()
def test_any_batch_size(vocabulary):
    """The scores of 64 radiographs are the same one at a time and all at once, with a report or without."""
    model = classifier(vocabulary)
    images, reports = batch([[2, 3]] * 64)
    together = torch.stack([p['scores'] for p in model(images, None, mode='predict')])
    alone = torch.cat([model(image[None], None, mode='predict')[0]['scores'][None] for image in images])
    with_reports = torch.stack([p['scores'] for p in model(images, reports, mode='predict')])
    assert (together - alone).abs().max() < 1e-9 and (together - with_reports).abs().max() < 1e-9
    assert together.std(dim=0).min() > 1e-4  # of different images, so that the comparison says something


@torch.no_grad()
def test_each_prompt_is_encoded_once(vocabulary):
    """However many batches come, the text encoder sees the prompts once, and no report where there is none."""
    model = classifier(vocabulary)
    seen = []
    model.text_encoder.register_forward_pre_hook(lambda module, inputs: seen.append(len(inputs[0].token_ids)))
    images, reports = batch([[2, 3]] * 6)
    for chunk in images.split(2):
        predictions = model(chunk, None, mode='predict')
    assert seen == [4] and 'report_embedding' not in predictions[0] and 'image_embedding' in predictions[0]
    model(images, reports, mode='predict')
    assert seen == [4, 6]


@pytest.mark.parametrize('mode', ['loss', 'tensor'])
def test_losses_need_reports(vocabulary, mode):
    """A batch without reports cannot be trained on: the error says what is missing from the pipeline."""
    with pytest.raises(ValueError, match='TokenizeReport'):
        classifier(vocabulary)(torch.zeros(2, 1, 64, 64), None, mode=mode)
