# Pairs of one's own as `python tools/dataset_converters/table.py` leaves them: OWN_ROOT says where, OWN_REPEAT which
# set of splits (seed0, fold0, given).
data_root = '{{$OWN_ROOT:data/mine}}'
annotations = 'annotations/own/{{$OWN_REPEAT:seed0}}/pretraining'
tokenizer = '{{$PRIOR_TEXT_ENCODER:emilyalsentzer/Bio_ClinicalBERT}}'

train_pipeline = [
    dict(type='LoadRadiograph', size=224),
    dict(type='ResizeRadiograph', size=(224, 224)),
    dict(type='RandomRotateRadiograph', degrees=5),
    dict(type='RandomFlipRadiograph', prob=0.5),
    dict(type='ShuffleSentences'),
    dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]
test_pipeline = [
    dict(type='LoadRadiograph', size=224, view='first'),
    dict(type='ResizeRadiograph', size=(224, 224)),
    dict(type='TokenizeReport', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='VisitSampler', shuffle=True),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file=f'{annotations}/train.json',
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file=f'{annotations}/val.json',
                 pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file=f'{annotations}/test.json',
                 pipeline=test_pipeline))

val_evaluator = dict(type='RetrievalMetric', protocol='own/1')
test_evaluator = val_evaluator
