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
SHARES, FOLDS, LISTS, DRAWS, CHOSEN, HALVED = 'shares', 'folds', 'lists', 'draws', 'chosen', 'halved'
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
            ``chosen``: any of these, as the user chose when the annotation files were written. ``halved``: by
            scikit-learn's ``train_test_split`` of the sorted ids, and what is not trained on in halves likewise.
        repeats: Names of the runs whose mean is the result, and of the folders of their annotation files. Tasks of one
            data set that name the same repeat have the same splits. None for ``chosen``: the converter wrote them.
        seeds: Of each repeat; of all of them together for ``folds``; none for ``lists``.
        shares: Percent of the images by split, for ``shares`` and ``halved``.
        positives_only: Whether only images with the finding take part.
        frozen: Whether the encoder stays as pre-trained; where nothing is trained it does.
        size: Height and width of the images the model gets, in pixels.
        note: What is known, and what is our reading.
        per_class: Images of each class, for ``draws``.
        figures: Names of the figures that its tables show; empty for the one that usually stands for the task.
        training_seeds: Of the trainings whose mean is the result; empty where the config's one is all.
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
    figures: tuple[str, ...] = ()
    training_seeds: tuple[int, ...] = ()

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
        """Name of its folder below ``annotations/``: the name, without the version where that is the first."""
        name, _, version = self.name.partition('/')
        return name if version == '1' else f'{name}-{version}'

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


def overlap_in_words(overlap: object) -> str:
    """``478 images in train and val, 494 in train and test`` of ``{'train and val': 478, ...}``; '' of nothing."""
    pairs = overlap.items() if isinstance(overlap, Mapping) else ()
    return ', '.join(f'{count:,} {"" if place else "images "}in {pair}' for place, (pair, count) in enumerate(pairs))


def _by_shares(train: float, val: float, test: float, frozen: bool, size: int, note: str,
               seeds: tuple[int, ...] = (0, ), repeats: tuple[str, ...] = ()) -> Setting:
    return Setting(SHARES, repeats or tuple(f'seed{seed}' for seed in seeds), seeds,
                   MappingProxyType(dict(train=train, val=val, test=test)), positives_only=False, frozen=frozen,
                   size=size, note=note)


def _by_folds(count: int, frozen: bool, size: int, note: str) -> Setting:
    return Setting(FOLDS, tuple(f'fold{number}' for number in range(count)), (0, ), MappingProxyType({}),
                   positives_only=True, frozen=frozen, size=size, note=note)


def _by_lists(frozen: bool, size: int, note: str, *figures: str, seeds: tuple[int, ...] = ()) -> Setting:
    return Setting(LISTS, ('official', ), (), MappingProxyType({}), positives_only=False, frozen=frozen, size=size,
                   note=note, figures=figures, training_seeds=seeds)


def _by_halves(train: float, rest: float, repeat: str, note: str) -> Setting:
    return Setting(HALVED, (repeat, ), (0, ), MappingProxyType(dict(train=train, val=rest, test=rest)),
                   positives_only=False, frozen=True, size=224, note=note)


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
_BENCHX_2_CLASSES = ('Known: published lists, 1, 10 and 100 % of the labels, fine-tuned at 224 px, RandomResizedCrop '
                     'and flip, Adam with a warm-up of 50 steps and a cosine of 3,000, the rate of the encoder x 0.1, '
                     'an early stop on F1 with patience 10; its tables show the F1 of the finding. Our reading: Adam '
                     'at 1e-4, which is that of its config for a ResNet-50 at the encoder; a validation each 100 steps')
_BENCHX_2_FINDINGS = ('Known: published lists, {}, 1, 10 and 100 % of the labels, 14 findings, fine-tuned at 224 px, '
                      'RandomResizedCrop and flip, Adam at {} with a warm-up of 50 steps and a cosine of 3,000, batch '
                      '{}, gradients cut at 1, an early stop on AUROC with patience 10; its tables show AUROC. Our '
                      'reading: the rate of the head ten times as high; a validation each 100 steps{}')
_BENCHX_2_FINDINGS_OF = (('nih', 'frontal films', '1e-5', '32', ''),
                         ('vindr', '12,000 / 3,000 / 3,000', '5e-5', '64', '; the 14 findings of the challenge, there '
                          'if any of the radiologists names one, --agree 1'))
_BENCHX_2_MASKS = ('Known: published lists, the backbone frozen, UPerNet of 512 channels and an FCN auxiliary of '
                   'weight 0.4, 512 px, a mean of 0.4978 and a deviation of 0.2449, cross entropy, flip, AdamW at '
                   '{rate} with a weight decay of 0.05, a warm-up of 1,500 steps from 1e-6, polynomial of power 1, '
                   '20,000 steps of batch 8, seeds 42, 0 and 1; figure: the mean Dice of background and finding over '
                   'all pixels')
_BENCHX_SEEDS = (42, 0, 1)
_BENCHX_2 = Protocol('benchx/2', 'Its configs: published lists; segmentation on a frozen backbone, which benchx/1 has '
                     'fine-tuned', MappingProxyType(dict(_BENCHX.settings) | {
                         (dataset, 'classification'): _by_lists(False, 224, _BENCHX_2_CLASSES, 'classification/f1',
                                                                seeds=_BENCHX_SEEDS)
                         for dataset in ('rsna', 'siim')} | {
                         (dataset, 'classification'): _by_lists(False, 224, _BENCHX_2_FINDINGS.format(*said),
                                                                'classification/auroc', seeds=_BENCHX_SEEDS)
                         for dataset, *said in _BENCHX_2_FINDINGS_OF} | {
                         (dataset, 'segmentation'): _by_lists(True, 512, _BENCHX_2_MASKS.format(rate=rate),
                                                              'segmentation/mdice', seeds=_BENCHX_SEEDS)
                         for dataset, rate in (('rsna', '1e-4'), ('siim', '1e-3'))} | {
                         ('mimic_cxr', 'retrieval'): _by_lists(
                             True, 224, _BENCHX.settings['mimic_cxr', 'retrieval'].note,
                             *(f'retrieval/image_to_text/{figure}@{k}' for figure in ('hit', 'precision')
                               for k in (1, 5, 10)))}))
_LOVT_RECIPE = ('Known: published lists, {}, 1, 10 and 100 % of the labels; {}; frozen or fine-tuned (--finetune), 224 '
                'px, no augmentation, Adam at {}, one of the rates that its code tries on the validation, weight decay '
                '1e-6, batch 64 (8 with 1 %), the rate halved after 3 epochs without a better loss, an early stop '
                'after 10 without a better figure, at most 50 epochs (100 with 10 %, 500 with 1 %), five runs. Our '
                'reading: the batch and epochs of 100 % for all shares; the rate halved by the figure, too; no 100 '
                'frozen steps before fine-tuning; seeds 0 to 4; the smaller sets of labels are drawn')
_LOVT_RSNA, _LOVT_SIIM = '16,010 / 5,337 / 5,337', '7,229 / 2,409 / 2,409'
_LOVT_DICE, _LOVT_SEEDS = 'Dice over the pixels of all images', (0, 1, 2, 3, 4)
_LOVT = Protocol('lovt/1', "LoVT's lists, ECCV 2022: detection, linear and U-Net segmentation", MappingProxyType({
    ('rsna', 'detection'): _by_lists(True, 224, _LOVT_RECIPE.format(
        _LOVT_RSNA, 'YOLOv3 on a ResNet-50, mAP over IoU 0.40 to 0.75', '1e-3 (fine-tuned 1e-4)'), seeds=_LOVT_SEEDS),
    ('rsna', 'segmentation'): _by_lists(True, 224, _LOVT_RECIPE.format(
        _LOVT_RSNA, f'boxes as masks, one linear layer, Dice loss, {_LOVT_DICE}', '1e-2'),
        'segmentation/dice_pooled', seeds=_LOVT_SEEDS),
    ('siim', 'segmentation'): _by_lists(True, 224, _LOVT_RECIPE.format(
        _LOVT_SIIM, f'U-Net, Dice loss, {_LOVT_DICE}', '3e-5'), 'segmentation/dice_pooled', seeds=_LOVT_SEEDS),
}))
_MRM_LISTS = 'Known: published lists, {}, fine-tuned at 224 px, AUROC. Our reading: steps, rate and batch'
_MRM = Protocol('mrm/1', "MRM's lists: fine-tuned classification", MappingProxyType({
    ('rsna', 'classification'): _by_lists(False, 224, _MRM_LISTS.format('25,184 / 1,500 / 3,000, 1 and 10 % of the '
                                                                       'labels')
                                        + '. The test is that of the challenge, whose labels its table for training '
                                        'lacks: --labels names one with both'),
    ('siim', 'classification'): _by_lists(False, 224, _MRM_LISTS.format(
        '7,969 / 1,898 / 1,904, 10 % of the labels. They OVERLAP (478 images in train and val, 494 in train and test, '
        '124 in val and test), and are taken with --allow-overlap alone')),
}))
_MGCA_2_RECIPE = ('Known from the code: {}, a frozen encoder, 224 px, images normalised by 0.5 and 0.5, at most 50 '
                  'epochs. Our reading: {}; the epochs of 100 % for all shares; smaller sets of labels, which its code '
                  'draws as it trains, are other ones')
_MGCA_2_HALVES = 'train_test_split of the sorted patients with seed 0, '
_MGCA_2_MASKS = ('; U-Net, AdamW at 2e-4, weight decay 0.05, batch 8, an image without a finding counts 1 if nothing '
                 'is predicted')
_MGCA_2_MASKS_OTHER = ('the best, and the early stop, by the pooled Dice of the validation, not by the loss; turned by '
                       'up to 10 degrees, not scaled as well; scored at the size of the file')
_MGCA_2 = Protocol('mgca/2', "MGCA's code: its splits, rates and batches", MappingProxyType({
    ('rsna', 'classification'): _by_halves(70, 15, 'seed0', _MGCA_2_RECIPE.format(
        f'{_MGCA_2_HALVES}18,678 / 4,003 / 4,003; a linear layer, AdamW at 5e-4, weight decay 1e-6, batch 48',
        'the best, and the early stop, by the AUROC of the validation, not by the loss')),
    ('rsna', 'segmentation'): _by_halves(60, 20, 'seed0-60-20-20', _MGCA_2_RECIPE.format(
        f'{_MGCA_2_HALVES}16,010 / 5,337 / 5,337{_MGCA_2_MASKS}', _MGCA_2_MASKS_OTHER)),
    ('rsna', 'detection'): _by_halves(60, 20, 'seed0-60-20-20', _MGCA_2_RECIPE.format(
        f'{_MGCA_2_HALVES}16,010 / 5,337 / 5,337; YOLOv3, AdamW at 5e-4, weight decay 1e-6, batch 16, mAP over IoU '
        '0.40 to 0.75', 'mAP of all boxes over all images, where its code takes boxes of a confidence of 0.5 on and '
        'images with a pneumonia alone')),
    ('siim', 'segmentation'): _by_lists(True, 224, _MGCA_2_RECIPE.format(
        'train_test_split of the rows of the table, 9,067 / 1,944 / 1,943, so that images with several are in several '
        f'splits, which is taken with --allow-overlap alone{_MGCA_2_MASKS}',
        f'training takes all images, not as many without a pneumothorax as with one; {_MGCA_2_MASKS_OTHER}')),
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
        '[-1, 1] by its own extremes for mIoU; 224 px of a short side of 256', 'grounding/cnr', 'grounding/miou'),
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
    item.name: item for item in (_PRIOR, _MGCA, _MGCA_2, _BENCHX, _BENCHX_2, _LOVT, _MRM, _DEMO, _OWN, _BIOVIL,
                                 _PRIOR_MM)})
