# Radiographs with labels as the converters leave them, and MMPretrain's classifier on a ResNet-50. Annotation files,
# data root, share of the labels, pre-trained weights and the images' size follow from `downstream`, see
# prior_mm/downstream/settings.py.
custom_imports = dict(imports=['prior_mm.downstream.classification'], allow_failed_imports=False)
image_size = (224, 224)
channels_last = True  # twice as fast on CPUs

# The last map's mean, and one linear layer: with a frozen encoder a linear probe.
model = dict(
    type='mmpretrain.ImageClassifier',
    data_preprocessor=dict(type='mmpretrain.ClsDataPreprocessor', mean=[0.4755 * 255], std=[0.3011 * 255]),
    backbone=dict(type='mmpretrain.ResNet', depth=50, in_channels=1, out_indices=(3, ), style='pytorch'),
    neck=dict(type='mmpretrain.GlobalAveragePooling'),
    head=dict(type='mmpretrain.MultiLabelLinearClsHead', num_classes=1, in_channels=2048,
              loss=dict(type='MaskedBCELoss')))

# A linear layer alone needs and stands a higher rate than a whole network.
when_frozen = dict(optim_wrapper=dict(optimizer=dict(lr=1e-2)))

# One gray channel all the way.
train_pipeline = [
    dict(type='LoadRadiographFile', size=image_size),
    dict(type='mmpretrain.RandomResizedCrop', scale=image_size, crop_ratio_range=(0.8, 1.),
         aspect_ratio_range=(0.9, 1.1)),
    dict(type='mmpretrain.RandomFlip', prob=0.5),
    dict(type='mmpretrain.PackInputs', meta_keys=('img_path', 'img_shape')),
]
test_pipeline = [
    dict(type='LoadRadiographFile', size=image_size),
    dict(type='mmpretrain.PackInputs', meta_keys=('img_path', 'img_shape')),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='EndlessVisitSampler'),
    dataset=dict(type='RadiographClassification', ann_file='classification/train.json', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='VisitSampler', shuffle=False),
    dataset=dict(type='RadiographClassification', ann_file='classification/val.json', pipeline=test_pipeline,
                 test_mode=True))
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type='VisitSampler', shuffle=False),
    dataset=dict(type='RadiographClassification', ann_file='classification/test.json', pipeline=test_pipeline,
                 test_mode=True))

val_evaluator = dict(type='AUROCMetric', samples=0)
test_evaluator = dict(type='AUROCMetric')
