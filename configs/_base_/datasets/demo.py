# The demo: real reports, synthetic radiographs, in MIMIC-CXR's layout and through the same converter.
data_root = 'data/demo'
tokenizer = f'{data_root}/vocab.txt'
image_size = (128, 128)

train_pipeline = [
    dict(type='LoadRadiograph', size=image_size[0]),
    dict(type='ResizeRadiograph', size=image_size),
    dict(type='RandomRotateRadiograph', degrees=5),
    dict(type='RandomFlipRadiograph', prob=0.5),
    # The text encoder starts from random weights: parts of reports prepare it for prompts of one sentence.
    dict(type='ShuffleSentences', subset_prob=0.5),
    dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]
test_pipeline = [
    dict(type='LoadRadiograph', size=image_size[0], view='first'),
    dict(type='ResizeRadiograph', size=image_size),
    dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='VisitSampler', shuffle=True),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file='annotations/train.json',
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file='annotations/validate.json',
                 pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=32,
    num_workers=1,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file='annotations/test.json', pipeline=test_pipeline))

val_evaluator = dict(type='RetrievalMetric')
test_evaluator = val_evaluator
