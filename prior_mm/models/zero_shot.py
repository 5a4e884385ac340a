"""Zero-shot classification by any method: which class's prompt fits the radiograph."""
import torch
from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import WordReports
from prior_mm.tokenizer import holds_a_word, load_tokenizer

from .afloc import AFLoc
from .alignment.contrastive import unit
from .convirt import ConVIRT
from .cxr_clip import CXRCLIP
from .dual_encoder import DualEncoder
from .gloria import GLoRIA
from .mgca import MGCA


class ZeroShot:
    """Goes before a method: its predictions also hold the score of each class, from prompts.

    The score of a class is the mean over its prompts of what the method says of image and prompt
    (:meth:`prompt_scores`): its best prompt alone would favour classes with more of them. A prompt is a report of one
    sentence, with [CLS] and [SEP], as those of the training were.

    Args:
        prompts: The prompts of each class; the order of the classes is that of the scores.
        tokenizer: A vocabulary file, a local Hugging Face folder, or the name of a cached one.
        lowercase: Whether prompts are lower-cased first, as the reports of the training were; see
            :func:`prior_mm.tokenizer.load_tokenizer`. A test takes what the checkpoint says if it is None.
        **method: What the method takes.

    Raises:
        ValueError: If there are fewer than two classes, a class without a prompt, or a prompt without a known word.
    """

    def __init__(self, prompts: dict[str, list[str]], tokenizer: str, lowercase: bool | None = None,
                 **method) -> None:
        super().__init__(**method)
        self._tokenizer = load_tokenizer(tokenizer, lowercase=lowercase)
        self.set_prompts(prompts)

    def set_prompts(self, prompts: dict[str, list[str]]) -> None:
        """Take other prompts.

        Raises:
            ValueError: If there are fewer than two classes, a class without a prompt, or a prompt without a known word.
        """
        if len(prompts) < 2 or not all(prompts.values()):
            raise ValueError(f'prompts must give at least one prompt for each of at least two classes, got {prompts}')
        if isinstance(next(iter(prompts.values())), str):
            raise ValueError("prompts must give a list for each class: prompts={'Edema': ['Edema is observed']}")
        loaded = self._tokenizer
        # One at a time: batches would start threads, which do not survive the fork of the data loader's workers.
        named = [(name, text) for name, texts in prompts.items() for text in texts]
        encoded = [loaded.backend_tokenizer.encode(text, add_special_tokens=False) for _, text in named]
        for (name, text), prompt in zip(named, encoded, strict=True):
            if not holds_a_word(prompt.ids, loaded.unk_token_id):
                raise ValueError(f'prompts must give texts that say something: {text!r} of the class {name!r} holds no '
                                 'word that the tokenizer knows')
        self.classes = list(prompts)
        self.class_of_prompt = [c for c, name in enumerate(self.classes) for _ in prompts[name]]

        self.prompts = WordReports.from_sequences(
            [[loaded.cls_token_id, *prompt.ids, loaded.sep_token_id] for prompt in encoded],
            [[-1, *[0] * len(prompt.ids), -1] for prompt in encoded],
            [[-1, *prompt.word_ids, -1] for prompt in encoded], loaded.pad_token_id)
        self._embedded = None

    def train(self, mode: bool = True):
        """Change the mode; the prompts are then encoded anew, once."""
        self._embedded = None
        return super().train(mode)

    def describe(self, patches: Tensor, images: Tensor, reports: Tensor | None) -> dict[str, Tensor | list]:
        """The embeddings, and the ``scores`` of the ``classes``, float32 (B, C)."""
        return dict(**super().describe(patches, images, reports), scores=self.scores(images, patches).cpu(),
                    classes=[self.classes] * len(images))

    @torch.no_grad()
    def scores(self, images: Tensor, patches: Tensor) -> Tensor:
        """Scores of the classes, float32 (B, C), from images (B, D) and patches (B, P, D)."""
        return self.by_class(self.prompt_scores(images, patches, self.embed_prompts(images.device)))

    def prompt_scores(self, images: Tensor, patches: Tensor, prompts) -> Tensor:
        """Scores of the M prompts, float32 (B, M): cosines of the global vectors, and the method's local similarity."""
        cosines = unit(images) @ unit(prompts.report).T
        if not isinstance(self, GLoRIA) or not self.draws('attention'):
            return cosines
        # Of GLoRIA's words all but [CLS], and of them the best (its published evaluation).
        mask, patches = prompts.word_mask & (prompts.sentence_of_word >= 0), patches.float()
        local, gram = self.local_alignment, patches @ patches.transpose(1, 2)
        cosines_of_words = local.word_cosines(patches, gram, prompts.words.float(), mask)
        best = local.word_temperature * cosines_of_words.masked_fill(~mask, -1).amax(dim=2)
        return (cosines + best) / 2

    def embed_prompts(self, device: torch.device):
        """The M prompts as M reports of one sentence, in the joint space; encoded once."""
        if self._embedded is None:
            prompts = type(self.prompts)(*(part.to(device) for part in self.prompts))
            self._embedded = self.embed_reports(self.text_encoder(prompts), prompts)
        return self._embedded

    def by_class(self, scores: Tensor) -> Tensor:
        """Scores of prompts, (B, M), to their means by class, (B, C)."""
        index = torch.tensor(self.class_of_prompt, device=scores.device).expand_as(scores)
        return scores.new_zeros(len(scores), len(self.classes)).scatter_reduce(
            1, index, scores, 'mean', include_self=False)


@MODELS.register_module()
class ZeroShotAFLoc(ZeroShot, AFLoc):
    """:class:`AFLoc` with prompts."""


@MODELS.register_module()
class ZeroShotConVIRT(ZeroShot, ConVIRT):
    """:class:`ConVIRT` with prompts."""


@MODELS.register_module()
class ZeroShotCXRCLIP(ZeroShot, CXRCLIP):
    """:class:`CXRCLIP` with prompts."""


@MODELS.register_module()
class ZeroShotDualEncoder(ZeroShot, DualEncoder):
    """:class:`DualEncoder` with prompts."""


@MODELS.register_module()
class ZeroShotGLoRIA(ZeroShot, GLoRIA):
    """:class:`GLoRIA` with prompts."""


@MODELS.register_module()
class ZeroShotMGCA(ZeroShot, MGCA):
    """:class:`MGCA` with prompts."""
