"""The text side of a checkpoint: another vocabulary or setting is refused, not scored."""
import logging

import pytest
from mmengine.config import Config
from tiny_run import WORDS

from prior_mm.checkpoints import text_side as module
from prior_mm.checkpoints.text_side import adopt_text_side, check_text_side, text_side
from prior_mm.tokenizer import describe_tokenizer, load_tokenizer


def config(tokenizer, encoder=None, **step):
    """A config with reports in two loaders, and prompts."""
    def loader(**more):
        return dict(dataset=dict(pipeline=[dict(type='PackStudy'),
                                           dict(type='TokenizeReport', tokenizer=str(tokenizer), **more)]))

    return Config(dict(train_dataloader=loader(), test_dataloader=loader(**step), model=dict(
        type='ZeroShotClassifier', tokenizer=str(tokenizer), text_encoder=dict(vocab_file=str(encoder or tokenizer)))))


@pytest.fixture
def vocabularies(tmp_path):
    """Two vocabularies of one length, the second with two words in each other's place; and a cased one."""
    swapped = [*WORDS[:5], WORDS[6], WORDS[5], *WORDS[7:]]
    files = dict(a=WORDS, b=swapped, cased=[*WORDS, 'Heart'])
    for name, words in files.items():
        (tmp_path / f'{name}.txt').write_text('\n'.join(words) + '\n')
    return {name: tmp_path / f'{name}.txt' for name in files}


def test_described(vocabularies):
    """Content, number and special pieces, letters; told by content, not by the path."""
    described = describe_tokenizer(load_tokenizer(str(vocabularies['a'])))
    assert described['pieces'] == len(WORDS) and described['lowercase'] is True
    assert described['special']['cls_token'] == ['[CLS]', 2]
    copy = vocabularies['a'].with_name('copy.txt')
    copy.write_bytes(vocabularies['a'].read_bytes())
    assert describe_tokenizer(load_tokenizer(str(copy))) == described
    assert describe_tokenizer(load_tokenizer(str(vocabularies['b'])))['sha256'] != described['sha256']
    assert describe_tokenizer(load_tokenizer(str(vocabularies['cased'])))['lowercase'] is False
    load_tokenizer(str(vocabularies['a'])).save_pretrained(copy.with_name('folder'))
    assert describe_tokenizer(load_tokenizer(str(copy.with_name('folder')))) == described


@pytest.mark.parametrize(('change', 'message'), [
    (dict(lowercase=False), r'model and test_dataloader\S+ contradict each other: lowercase is False in test_dataloader'
                            r'.*, True in model'),
    (dict(encoder='b'), r'the text encoder and the tokenizer contradict each other: the SHA-256 .* Name one file'),
])
def test_contradictions(vocabularies, change, message):
    """Reports, prompts and the text encoder of one run agree, or it does not start."""
    if 'encoder' in change:
        change = dict(encoder=vocabularies[change['encoder']])
    with pytest.raises(ValueError, match=message):
        text_side(config(vocabularies['a'], **change), 'test_dataloader')


@pytest.mark.parametrize(('ours', 'message'), [
    ((dict(name='b'), {}), 'the SHA-256 of the vocabulary is .* there, .* here. To mend it, take the vocabulary of the '
                           'training, .*a.txt, as tokenizer and vocab_file'),
    ((dict(name='a'), dict(max_length=128)), 'max_length is 256 there, 128 here. To mend it, set max_length=256 in '
                                             'TokenizeReport'),
], ids=['content', 'length'])
def test_another_than_in_the_training(vocabularies, ours, message):
    """A checkpoint is refused beside another tokenizer; both and the mend are named."""
    meta = dict(tokenizer=text_side(config(vocabularies['a']), 'train_dataloader'))
    check_text_side(meta['tokenizer'], meta, 'a.pth')
    check_text_side(None, meta, 'a.pth')  # a task without text
    named, step = ours
    with pytest.raises(ValueError, match=f'a.pth was trained with another tokenizer than this run has: {message}'):
        check_text_side(text_side(config(vocabularies[named['name']], **step), 'test_dataloader'), meta, 'a.pth')


def test_letters_are_the_checkpoints(vocabularies):
    """What a config leaves open is as in the training, for reports and prompts; what it says otherwise is refused."""
    trained = config(vocabularies['cased'])
    trained.train_dataloader.dataset.pipeline[1].update(lowercase=True, max_length=99)
    trained.model.lowercase = True
    meta = dict(tokenizer=text_side(trained, 'train_dataloader'))
    tested = config(vocabularies['cased'])
    adopt_text_side(tested, meta)
    assert tested.model.lowercase is tested.test_dataloader.dataset.pipeline[1].lowercase is True
    assert tested.test_dataloader.dataset.pipeline[1].max_length == 99
    assert tested.train_dataloader == config(vocabularies['cased']).train_dataloader
    check_text_side(text_side(tested, 'test_dataloader'), meta, 'a.pth')
    tested.model.lowercase = tested.test_dataloader.dataset.pipeline[1].lowercase = False
    with pytest.raises(ValueError, match='set lowercase=True in TokenizeReport, and model.lowercase=True'):
        check_text_side(text_side(tested, 'test_dataloader'), meta, 'a.pth')


def test_old_checkpoints(vocabularies, monkeypatch):
    """One that does not say is taken, with a warning that it cannot be checked, and nothing is adopted from it."""
    said = []
    monkeypatch.setattr(module, 'print_log', lambda message, *rest: said.append((message, rest)))
    check_text_side(text_side(config(vocabularies['a']), 'test_dataloader'), {}, 'old.pth')
    (message, rest), = said
    assert message.startswith('old.pth does not say') and 'cannot be checked' in message and logging.WARNING in rest
    tested = config(vocabularies['a'])
    adopt_text_side(tested, {})
    assert tested.to_dict() == config(vocabularies['a']).to_dict()


def test_no_text():
    """A supervised task has none."""
    assert text_side(Config(dict(train_dataloader=dict(dataset=dict(pipeline=[])), model=dict(type='x'))),
                     'train_dataloader') is None
