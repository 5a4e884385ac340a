# Radiographs and boxes as the converters leave them. Annotation files, data root and the share of labels follow from
# `downstream`, see prior_mm/downstream/settings.py.
custom_imports = dict(imports=['prior_mm.downstream.detection'], allow_failed_imports=False)
image_size = (224, 224)

# One gray channel all the way. Images without boxes take part: most radiographs show no pneumonia.
train_pipeline = [
    dict(type='prior_mm.LoadRadiographFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.Resize', scale=image_size, keep_ratio=True, interpolation='area'),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PackDetInputs'),
]
# `instances` are the true boxes in pixels of the file, which DetectionMetric compares with.
test_pipeline = [
    dict(type='prior_mm.LoadRadiographFile'),
    dict(type='mmdet.Resize', scale=image_size, keep_ratio=True, interpolation='area'),
    dict(type='mmdet.PackDetInputs',
         meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances')),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='prior_mm.EndlessVisitSampler'),
    dataset=dict(type='prior_mm.DetectionDataset', ann_file='detection/train.json', data_prefix=dict(img=''),
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='prior_mm.VisitSampler', shuffle=False),
    dataset=dict(type='prior_mm.DetectionDataset', ann_file='detection/val.json', data_prefix=dict(img=''),
                 pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=16,
    num_workers=4,
    sampler=dict(type='prior_mm.VisitSampler', shuffle=False),
    dataset=dict(type='prior_mm.DetectionDataset', ann_file='detection/test.json', data_prefix=dict(img=''),
                 pipeline=test_pipeline, test_mode=True))

val_evaluator = dict(type='prior_mm.DetectionMetric')
test_evaluator = val_evaluator
