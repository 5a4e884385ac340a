"""A word-piece vocabulary from reports."""
from collections.abc import Iterable

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

SPECIAL = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]')


def learn_vocabulary(texts: Iterable[str], size: int = 3000) -> list[str]:
    """Learn uncased word pieces as BERT has them.

    Args:
        texts: Reports, of the training split only.
        size: Pieces at most, the special ones included.

    Returns:
        The pieces in the order of their ids, the special ones first.
    """
    texts = sorted(texts)
    tokenizer = Tokenizer(models.WordPiece(unk_token='[UNK]'))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # Of pieces of equal worth the trainer takes the one with the lower number, and it numbers the letters in an order
    # that differs from run to run: numbered beforehand, they give the same vocabulary everywhere.
    letters = sorted(set(''.join(map(tokenizer.normalizer.normalize_str, texts))) - {' '})
    first = [*SPECIAL, *letters, *(f'##{letter}' for letter in letters)]
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, special_tokens=first, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
