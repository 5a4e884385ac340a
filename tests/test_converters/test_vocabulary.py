"""The vocabulary of the demo's text encoder."""
from demo_reports import made_up_reports

from prior_mm.converters.vocabulary import SPECIAL, learn_vocabulary
from prior_mm.tokenizer import load_tokenizer

TEXTS = [report.findings for report in made_up_reports()] + ['Cardiomegaly is noted. Cardiomegaly was seen.']


def test_order_does_not_matter():
    """The same texts give the same file, in whatever order they come."""
    assert learn_vocabulary(TEXTS, 60) == learn_vocabulary(reversed(TEXTS), 60)


def test_tokenizer_reads_it(tmp_path):
    """The library's tokenizer takes the file, lower-cases, and knows every word that the texts hold often."""
    pieces = learn_vocabulary(TEXTS, 400)
    assert tuple(pieces[:5]) == SPECIAL and len(pieces) == len(set(pieces)) <= 400
    (tmp_path / 'vocab.txt').write_text('\n'.join(pieces) + '\n')
    tokenizer = load_tokenizer(str(tmp_path / 'vocab.txt'))
    assert tokenizer.tokenize('The HEART is normal') == ['the', 'heart', 'is', 'normal']
    assert tokenizer.tokenize('Cardiomegaly') == ['cardiomegaly']
