# The demo of GLoRIA on real reports and SYNTHETIC radiographs: data, encoders and epochs of PRIOR's demo.
_base_ = ['../_base_/datasets/demo.py', '../_base_/methods/demo.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/gloria_demo'

model = dict(
    type='GLoRIA', embed_dims=128, local_channels=128,
    text_encoder=dict(last_layers=2),
    image_encoder=dict(backbone=dict(out_indices=(2, 3))))

train_pipeline = [
    dict(type='LoadRadiograph', size=_base_.image_size[0]),
    dict(type='ResizeRadiograph', size=_base_.image_size),
    dict(type='RandomRotateRadiograph', degrees=5),
    dict(type='RandomFlipRadiograph', prob=0.5),
    dict(type='ShuffleSentences', subset_prob=0.5),
    dict(type='TokenizeReport', tokenizer=_base_.tokenizer, max_length=256, words=True),
    dict(type='PackStudy'),
]
test_pipeline = [
    dict(type='LoadRadiograph', size=_base_.image_size[0], view='first'),
    dict(type='ResizeRadiograph', size=_base_.image_size),
    dict(type='TokenizeReport', tokenizer=_base_.tokenizer, max_length=256, words=True),
    dict(type='PackStudy'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

stages = [dict(
    name='pretraining', epochs=60, lr=0.0007, warmup_epochs=1,
    losses=dict(global_alignment=1., local_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages, val_interval=10)
