"""Sentences in a new order, and their word pieces."""
from hashlib import blake2b

from mmcv.transforms import BaseTransform

from prior_mm.datasets.errors import StudyError
from prior_mm.registry import TRANSFORMS
from prior_mm.tokenizer import load_tokenizer


@TRANSFORMS.register_module()
class ShuffleSentences(BaseTransform):
    """Puts ``sentences`` in a new order at each visit (paper section 4.1), and may leave some of them out.

    Args:
        at_most: Keep no more than so many; 1 takes one sentence of the report at random. None keeps all.
        subset_prob: How often only a part of the report is kept: as many of its sentences as are drawn evenly from one
            to all. 0, as in the paper, keeps all. It is for text encoders that start from random weights: a prompt is
            a report of one sentence, and data sets of reports with at least four never show one.

    Raises:
        ValueError: If that is no probability, or nothing would be kept.
    """

    def __init__(self, subset_prob: float = 0., at_most: int | None = None) -> None:
        if not 0 <= subset_prob <= 1:
            raise ValueError(f'ShuffleSentences: subset_prob must lie in [0, 1], got {subset_prob}')
        if at_most is not None and at_most < 1:
            raise ValueError(f'ShuffleSentences: at_most must leave a sentence, got {at_most}')
        self.subset_prob = subset_prob
        self.at_most = at_most

    def transform(self, results: dict) -> dict:
        """Replace ``sentences``; ``report_sign``, below 2^52, tells whole reports apart whatever is drawn of them."""
        sentences, rng = results['sentences'], results['rng']
        whole = '\n'.join(sorted(sentences)).encode()
        results['report_sign'] = int.from_bytes(blake2b(whole, digest_size=6).digest(), 'big')
        order = rng.permutation(len(sentences))
        if self.subset_prob and rng.random() < self.subset_prob:
            order = order[:rng.integers(1, len(sentences) + 1)]
        results['sentences'] = [sentences[i] for i in order[:self.at_most]]
        return results


@TRANSFORMS.register_module()
class TokenizeReport(BaseTransform):
    """Joins the sentences to one sequence ``[CLS] s1 s2 ... [SEP]`` of word pieces.

    Only whole sentences are kept, from the first up to the one that no longer fits; the first is cut if it is too
    long by itself, so that no report is empty. Sentences without any word piece are passed over.

    Adds ``token_ids`` and ``sentence_index`` (lists of one length: the 0-based sentence of each word piece, -1 for
    special ones) and ``pad_id``; leaves in ``sentences`` those that are kept.

    Args:
        tokenizer: A ``vocab.txt``, a Hugging Face folder or a name; see :func:`prior_mm.tokenizer.load_tokenizer`.
        max_length: Word pieces at most, the two special ones included.
        lowercase: See :func:`prior_mm.tokenizer.load_tokenizer`.
        words: Add ``word_index`` as well, the 0-based word of each word piece, for methods that align words.
    """

    def __init__(self, tokenizer: str, max_length: int = 256, lowercase: bool | None = None,
                 words: bool = False) -> None:
        if max_length < 3:
            raise ValueError(f'TokenizeReport: max_length must leave room for a word piece, got {max_length}')
        self.max_length = max_length
        self.words = words
        loaded = load_tokenizer(tokenizer, lowercase=lowercase)
        self.start_id, self.end_id, self.pad_id = loaded.cls_token_id, loaded.sep_token_id, loaded.pad_token_id
        self.unknown_id = loaded.unk_token_id
        # One sentence at a time, 20 us each: its batches would start threads, which do not survive a fork.
        self._backend = loaded.backend_tokenizer

    def transform(self, results: dict) -> dict:
        """Add the word pieces.

        Raises:
            StudyError: If no sentence holds a word piece.
        """
        kept: list[str] = []
        token_ids, sentence_index, word_index = [self.start_id], [-1], [-1]
        room = self.max_length - 2
        for sentence in results['sentences']:
            encoded = self._backend.encode(sentence, add_special_tokens=False)
            pieces = encoded.ids
            if len(pieces) > room and kept:
                break
            pieces = pieces[:room]
            if pieces:
                token_ids += pieces
                sentence_index += [len(kept)] * len(pieces)
                words_before = max(word_index) + 1
                word_index += [words_before + word for word in encoded.word_ids[:room]]
                kept.append(sentence)
                room -= len(pieces)
        if not kept:
            raise StudyError(f'study {results["study_id"]}: its report holds no text. Leave it out of the annotation '
                             'file')
        results.update(sentences=kept, token_ids=[*token_ids, self.end_id], sentence_index=[*sentence_index, -1],
                       pad_id=self.pad_id)
        if self.words:
            results['word_index'] = [*word_index, -1]
        return results
