# MIMIC-CXR as `python tools/dataset_converters/mimic_cxr.py` leaves it; MIMIC_CXR_ROOT says where.
data_root = '{{$MIMIC_CXR_ROOT:data/mimic-cxr}}'
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
    batch_size=98,  # on each of 6 GPUs in the published run
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='VisitSampler', shuffle=True),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file='annotations/train.json',
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=98,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file='annotations/validate.json',
                 pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=98,
    num_workers=8,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(type='StudyDataset', data_root=data_root, ann_file='annotations/test.json', pipeline=test_pipeline))

val_evaluator = dict(type='RetrievalMetric')
test_evaluator = val_evaluator
