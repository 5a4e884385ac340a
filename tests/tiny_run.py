"""A run on a dozen tiny studies of noise, as a config: for tests of the engine and of the tools."""
import json
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config

WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'heart', 'lungs', 'clear', 'large', 'small', 'effusion', 'no',
         'left', 'right', '.']
LABELS = ['Cardiomegaly', 'Edema']


def write_studies(root: Path, count: int = 12, size: int = 40, seed: int = 0) -> None:
    """Images, vocabulary and annotation files of three splits, in the project's schema."""
    rng = np.random.default_rng(seed)
    (root / 'annotations').mkdir(parents=True)
    (root / 'vocab.txt').write_text('\n'.join(WORDS) + '\n')
    for split in ('train', 'validate', 'test'):
        studies = []
        for number in range(count):
            images = [f'files/{split}_{number}_{view}.png' for view in range(1 + number % 2)]
            for name in images:
                (root / name).parent.mkdir(exist_ok=True)
                cv2.imwrite(str(root / name), rng.integers(0, 256, (size, size), dtype=np.uint8))
            sentences = [' '.join(rng.choice(WORDS[5:-1], rng.integers(2, 5))) + ' .'
                         for _ in range(rng.integers(4, 7))]
            studies.append(dict(study_id=f's{number}', subject_id=f'p{number}', images=images, sentences=sentences,
                                views=['PA'] * len(images), labels={LABELS[number % 2]: 1}))
        metainfo = dict(schema='prior_mm.studies/1', dataset='tiny', split=split, synthetic=True, min_sentences=4,
                        sentence_splitter='none', summary=dict(kept=count, images=18, dropped={}))
        (root / 'annotations' / f'{split}.json').write_text(json.dumps(dict(metainfo=metainfo, data_list=studies)))


def tiny_config(root: Path, work_dir: Path, **changes) -> Config:
    """Three stages of 2, 2 and 2 epochs of 3 steps, with dropout, noise of the bank and augmentation."""
    if not root.exists():
        write_studies(root)
    tokenizer = str(root / 'vocab.txt')
    test_pipeline = [dict(type='LoadRadiograph', size=32, view='first'), dict(type='ResizeRadiograph', size=(32, 32)),
                     dict(type='TokenizeReport', tokenizer=tokenizer), dict(type='PackStudy')]
    train_pipeline = [dict(type='LoadRadiograph', size=32), dict(type='ResizeRadiograph', size=(32, 32)),
                      dict(type='RandomRotateRadiograph', degrees=5), dict(type='RandomFlipRadiograph', prob=0.5),
                      dict(type='ShuffleSentences'), *test_pipeline[2:]]

    def loader(split: str, pipeline: list, **options) -> dict:
        return dict(batch_size=4, num_workers=0, collate_fn=dict(type='collate_studies'),
                    sampler=dict(type='VisitSampler', shuffle=split == 'train'),
                    dataset=dict(type='StudyDataset', data_root=str(root), ann_file=f'annotations/{split}.json',
                                 pipeline=pipeline, **options))

    alignment = dict(global_alignment=1., local_image=1., local_text=1.)
    stages = [
        dict(name='alignment', epochs=2, lr=1e-3, warmup_epochs=1, losses=alignment),
        dict(name='prototypes', epochs=2, lr=1e-3, warmup_epochs=1, losses=dict(alignment, prototype=10.)),
        dict(name='reconstruction', epochs=2, lr=1e-3, losses=dict(
            alignment, prototype=10., image_reconstruction=1., sentence_prototype=10., kl=1., global_prediction=1.))]
    config = Config(dict(
        default_scope='prior_mm', work_dir=str(work_dir), randomness=dict(seed=3), launcher='none',
        model=dict(
            type='PRIOR', data_preprocessor=dict(type='StudyPreprocessor', size=(32, 32)), embed_dims=32,
            image_encoder=dict(type='ImageEncoder', out_channels=64, stride=16, grid=(2, 2), backbone=dict(
                type='mmpretrain.ResNet', depth=18, in_channels=1, stem_channels=8, base_channels=16, num_stages=3,
                strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(2, ))),
            text_encoder=dict(type='TextEncoder', vocab_file=tokenizer, config=dict(
                hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)),
            local_alignment=dict(type='LocalAlignment'),
            prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=8),
            image_decoder=dict(type='ImageDecoder'),
            sentence_decoder=dict(type='SentenceDecoder', num_queries=5, num_layers=1, num_heads=4,
                                  feedforward_dims=32)),
        train_dataloader=dict(loader('train', train_pipeline), drop_last=True),
        val_dataloader=loader('validate', test_pipeline),
        test_dataloader=loader('test', test_pipeline, exclusive_labels=LABELS),
        val_evaluator=dict(type='RetrievalMetric'), test_evaluator=dict(type='RetrievalMetric'),
        train_cfg=dict(type='StagedTrainLoop', stages=stages), val_cfg=dict(), test_cfg=dict(),
        optim_wrapper=dict(type='AutocastOptimWrapper', dtype='float32',
                           optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-6, fused=True)),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1),
                           checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2)),
        custom_hooks=[dict(type='PrototypeTemperatureHook', schedule='exp'), dict(type='StageCheckpointHook')],
        visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])))
    config.merge_from_dict(changes)
    return config


def short_config(folder: Path, **changes) -> Config:
    """The stages with one epoch of 3 steps each, and a checkpoint after every other step."""
    config = tiny_config(folder / 'data', folder / 'run', **{
        'default_hooks.checkpoint': dict(by_epoch=False, interval=2, max_keep_ckpts=2), **changes})
    for stage in config.train_cfg.stages:
        stage.update(epochs=1, warmup_epochs=0)
    return config
