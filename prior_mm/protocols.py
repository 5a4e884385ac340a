"""Evaluation protocols of the field, named and versioned: numbers of two protocols cannot be compared.

A protocol says of each data set and task how the splits come about, which images take part, and what is trained. It
stands in a config, in the annotation files that a converter writes for it (``--protocol``), and in every result. What
is changed about a protocol gives it a new version, so that an old result keeps its meaning. docs/protocols.md shows all
of them, and what is known of each and what is our reading.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

#: How splits come about, see :attr:`Setting.splits`.
SHARES, FOLDS, LISTS, DRAWS, CHOSEN = 'shares', 'folds', 'lists', 'draws', 'chosen'
#: In place of the name of a data set: it may have any.
ANY = '*'
#: The protocol of a data set of one's own.
OWN = 'own/1'


@dataclass(frozen=True)
class Setting:
    """What a protocol says of one task on one data set.

    Attributes:
        splits: ``shares``: drawn by :attr:`shares`, anew for each seed. ``folds``: as many folds as there are repeats;
            of repeat k, fold k is the test, fold k + 1 the validation and the others the training. ``lists``: published
            lists of ids, which the user brings. ``draws``: a test set alone, of :attr:`per_class` images a class.
            ``chosen``: any of these, as the user chose when the annotation files were written.
        repeats: Names of the runs whose mean is the result, and of the folders of their annotation files. Tasks of one
            data set that name the same repeat have the same splits. None for ``chosen``: the converter wrote them.
        seeds: Of each repeat; of all of them together for ``folds``; none for ``lists``.
        shares: Percent of the images by split, for ``shares``.
        positives_only: Whether only images with the finding take part.
        frozen: Whether the encoder stays as pre-trained; where nothing is trained it does.
        size: Height and width of the images the model gets, in pixels.
        note: What is known, and what is our reading.
        per_class: Images of each class, for ``draws``.
    """
    splits: str
    repeats: tuple[str, ...]
    seeds: tuple[int, ...]
    shares: Mapping[str, float]
    positives_only: bool
    frozen: bool
    size: int
    note: str
    per_class: int = 0

    def seed(self, repeat: str) -> int:
        """Seed of one repeat; 0 where the splits are lists, for whatever else is drawn.

        Raises:
            ValueError: If there is no such repeat; the message names those there are.
        """
        if repeat not in self.repeats:
            raise ValueError(f'there is no repeat {repeat!r}; the protocol has {", ".join(self.repeats)}')
        if not self.seeds:
            return 0
        return self.seeds[self.repeats.index(repeat) % len(self.seeds)]


@dataclass(frozen=True)
class Protocol:
    """A protocol.

    Attributes:
        name: With its version, such as ``mgca/1``.
        summary: A sentence on where it comes from.
        settings: By data set (``rsna``, ``siim``, ``chexpert``, ``mimic_cxr``, ``ms_cxr``, or :data:`ANY`) and task
            (``classification``, ``segmentation``, ``detection``, ``zero_shot``, ``retrieval``, ``grounding``).
    """
    name: str
    summary: str
    settings: Mapping[tuple[str, str], Setting]

    @property
    def folder(self) -> str:
        """Name of its folder below ``annotations/``: the name without the version."""
        return self.name.partition('/')[0]

    def setting(self, dataset: str, task: str) -> Setting:
        """What it says of a task on a data set.

        Raises:
            ValueError: If it says nothing; the message names what it has.
        """
        for of in (dataset, ANY):
            if (of, task) in self.settings:
                return self.settings[of, task]
        known = ', '.join(f'{task} on {dataset}' for dataset, task in self.settings)
        raise ValueError(f'the protocol {self.name!r} says nothing of {task} on {dataset}; it has: {known}'
                         + ('' if self.name == OWN else f'. A data set of your own has the protocol {OWN}'))

    def tasks(self, dataset: str) -> dict[str, Setting]:
        """What it says of each task on a data set; empty if nothing."""
        return {task: setting for (of, task), setting in self.settings.items() if of == dataset}


def protocol(name: str) -> Protocol:
    """A protocol by its name with the version.

    Raises:
        ValueError: If there is none; the message names those there are.
    """
    if name not in PROTOCOLS:
        raise ValueError(f'there is no protocol {name!r}; there are {", ".join(PROTOCOLS)}')
    return PROTOCOLS[name]


def _by_shares(train: float, val: float, test: float, frozen: bool, size: int, note: str,
               seeds: tuple[int, ...] = (0, ), repeats: tuple[str, ...] = ()) -> Setting:
    return Setting(SHARES, repeats or tuple(f'seed{seed}' for seed in seeds), seeds,
                   MappingProxyType(dict(train=train, val=val, test=test)), positives_only=False, frozen=frozen,
                   size=size, note=note)


def _by_folds(count: int, frozen: bool, size: int, note: str) -> Setting:
    return Setting(FOLDS, tuple(f'fold{number}' for number in range(count)), (0, ), MappingProxyType({}),
                   positives_only=True, frozen=frozen, size=size, note=note)


def _by_lists(frozen: bool, size: int, note: str) -> Setting:
    return Setting(LISTS, ('official', ), (), MappingProxyType({}), positives_only=False, frozen=frozen, size=size,
                   note=note)


def _by_draws(seeds: tuple[int, ...], note: str) -> Setting:
    return Setting(DRAWS, tuple(f'seed{seed}' for seed in seeds), seeds, MappingProxyType({}), positives_only=False,
                   frozen=True, size=224, note=note, per_class=200)


_PRIOR_SEEDS = (0, 1, 2, 3, 4)
_PRIOR_DRAWS = (114514, 114515, 114516, 114517, 114518)
_PRIOR_CLASSES = ('Known from the authors: 6:2:2, the mean of five seeds. Our reading: the seeds are 0 to 4, all '
                  'images take part, splits are stratified, the encoder is fine-tuned at 224 px')
_PRIOR_FOLDS = ('Our reading: fold k is the test, fold k + 1 the validation, drawn with seed 0; the encoder is '
                'fine-tuned at 224 px')
_PRIOR = Protocol('prior/1', "The paper's, by its authors' answers in their issue tracker", MappingProxyType({
    ('rsna', 'classification'): _by_shares(60, 20, 20, False, 224, _PRIOR_CLASSES, _PRIOR_SEEDS),
    ('rsna', 'detection'): _by_folds(5, False, 224, 'Known from the authors: only the 6,012 patients with pneumonia, '
                                     f'five-fold cross-validation. {_PRIOR_FOLDS}'),
    ('siim', 'classification'): _by_shares(60, 20, 20, False, 224, _PRIOR_CLASSES, _PRIOR_SEEDS),
    ('siim', 'segmentation'): _by_folds(5, False, 224, 'Known from the authors: only the 2,669 images with a '
                                        f'pneumothorax, five-fold cross-validation, U-Net. {_PRIOR_FOLDS}'),
    ('chexpert', 'classification'): _by_shares(60, 20, 20, False, 224, f'{_PRIOR_CLASSES}, and the splits are drawn '
                                               'from the frontal views of train.csv, by patients', _PRIOR_SEEDS),
    ('chexpert', 'zero_shot'): _by_draws(_PRIOR_DRAWS, 'Known from the authors: drawn five times, with these seeds. '
                                         'Our generator is another one, so the lists are, too'),
    ('mimic_cxr', 'retrieval'): _by_draws(_PRIOR_DRAWS, 'Known from the authors: 5x200 of MIMIC-CXR, not shareable. '
                                          'Our reading: drawn with the seeds of the zero-shot task'),
}))
_MGCA_OTHER = 'Other than there: splits are stratified, and our generator gives other lists for seed 0'
_MGCA_60 = '60/20/20 with seed 0 (5,337 for validation, 5,337 for the test), which detection and segmentation share'
_MGCA = Protocol('mgca/1', "MGCA's code, in part LoVT's: all images, a frozen encoder", MappingProxyType({
    ('rsna', 'classification'): _by_shares(70, 15, 15, True, 224, 'Known from the code: 70/15/15, seed 0, a linear '
                                           f'layer on a frozen encoder, 1, 10 and 100 % of the labels. {_MGCA_OTHER}'),
    ('rsna', 'segmentation'): _by_shares(60, 20, 20, True, 224, f'Known from the code: boxes as masks, {_MGCA_60}; '
                                         f'U-Net on a frozen encoder. {_MGCA_OTHER}', repeats=('seed0-60-20-20', )),
    ('rsna', 'detection'): _by_shares(60, 20, 20, True, 224, f'Known from the code: {_MGCA_60}; YOLOv3 on a frozen '
                                      f'encoder; mAP over IoU 0.40 to 0.75. {_MGCA_OTHER}',
                                      repeats=('seed0-60-20-20', )),
    ('siim', 'segmentation'): _by_shares(70, 15, 15, True, 224, 'Known from the code: 70/15/15, seed 0, U-Net on a '
                                         'frozen encoder; an image without a pneumothorax counts 1 if nothing is '
                                         'predicted. There rows of the table are split, so that an image with several '
                                         'may be in two splits, and training takes as many images without a '
                                         'pneumothorax as with one; here images are split, and all are taken. '
                                         f'{_MGCA_OTHER}'),
}))
_BENCHX = Protocol('benchx/1', 'Its repository: published lists, fine-tuned', MappingProxyType({
    ('rsna', 'classification'): _by_lists(False, 224, 'Known: published lists, 18,678 / 4,003 / 4,003, 1, 10 and '
                                          '100 % of the labels, fine-tuned. Our reading: 224 px'),
    ('rsna', 'segmentation'): _by_lists(False, 512, 'Known: published lists, 18,678 / 4,003 / 4,003. Our reading: the '
                                        "rest as for SIIM's segmentation"),
    ('siim', 'classification'): _by_lists(False, 224, 'Known: published lists, fine-tuned. Our reading: those of the '
                                          'segmentation, 224 px'),
    ('siim', 'segmentation'): _by_lists(False, 512, 'Known: published lists, 9,303 / 1,372 / 1,372; UPerNet, 512 px, '
                                        '20,000 iterations, AdamW'),
    ('chexpert', 'classification'): _by_lists(False, 224, 'Known: published lists, 1, 10 and 100 % of the labels, '
                                              'fine-tuned. Our reading: 224 px'),
    ('chexpert', 'zero_shot'): _by_lists(True, 224, 'Known: CheXpert 5x200; F1 and accuracy. Our reading: the '
                                         'published list of 1,000 (chexpert_5x200.json), 224 px'),
    ('mimic_cxr', 'retrieval'): _by_lists(True, 224, 'Known: a published list of ids (mimic_5x200_ids.csv); hit rate '
                                          'and precision at 1, 5, 10. Our reading: 224 px'),
}))
_DEMO_NOTE = 'SYNTHETIC images: it says nothing about any real data set, and no published number compares with it'
_DEMO = Protocol('demo/1', "The demo's SYNTHETIC images: all of them, one split", MappingProxyType({
    (dataset, task): _by_shares(70, 15, 15, False, 128, _DEMO_NOTE)
    for dataset, tasks in dict(rsna=('classification', 'segmentation', 'detection'),
                               siim=('classification', 'segmentation'), chexpert=('classification', )).items()
    for task in tasks
}))
_OWN_NOTE = ('All images take part that the table gives; the encoder is fine-tuned, unless the config says otherwise. '
             'How the splits came about stands in the annotation files: drawn by patients, by seeds or folds, or those '
             'of the table')
_OWN = Protocol(OWN, "A data set of one's own, by tools/dataset_converters/table.py", MappingProxyType({
    (ANY, task): Setting(CHOSEN, (), (), MappingProxyType({}), positives_only=False,
                         frozen=task in ('zero_shot', 'retrieval'), size=224, note=_OWN_NOTE)
    for task in ('classification', 'segmentation', 'detection', 'zero_shot', 'retrieval')
}))
_BIOVIL = Protocol('biovil/1', "BioViL's code and paper: phrase grounding on all of MS-CXR", MappingProxyType({
    ('ms_cxr', 'grounding'): _by_lists(
        True, 224, 'Known: all 1,162 phrases, their boxes united; cosine of patches and phrase, smoothed by a Gaussian '
        'of 1.5 patches, the nearest patch for each pixel of the original image; what the centre crop leaves out is '
        'not counted; CNR and mIoU at 0.1 to 0.5, means over the findings. Our reading: each map is rescaled to '
        '[-1, 1] by its own extremes for mIoU; 224 px of a short side of 256'),
}))
_GROUNDING_NOTE = ('Known: the whole image as pre-training resizes it, a Gaussian of 1.5 patches, bilinear; 20 % of '
                   'the patients, or the validation part that the data set has, choose one threshold for Dice and '
                   'IoU, the others are scored. It is of this project')
_PRIOR_MM = Protocol('prior_mm/1', "This project's: phrase grounding with a validation part", MappingProxyType({
    (dataset, 'grounding'): _by_lists(True, 224, _GROUNDING_NOTE)
    for dataset in ('ms_cxr', 'chestx_det10', 'padchest_gr', 'nih')
}))
#: All protocols by name.
PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({
    item.name: item for item in (_PRIOR, _MGCA, _BENCHX, _DEMO, _OWN, _BIOVIL, _PRIOR_MM)})
