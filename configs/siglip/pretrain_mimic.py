# SigLIP's sigmoid loss in the place of ConVIRT's: temperature from 0.1 and bias from -10, both learned, as published;
# all else is ConVIRT's schedule, for the published run is on other images. The loss is over the pairs of all processes.
_base_ = ['../_base_/methods/r50_bert.py', '../_base_/datasets/mimic_cxr.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/siglip_mimic'

model = dict(
    type='DualEncoder', embed_dims=512, hidden_dims=512, text_pooling='max',
    global_alignment=dict(type='SigmoidAlignment'))

train_pipeline = [dict(type='ShuffleSentences', at_most=1) if step.type == 'ShuffleSentences' else step
                  for step in _base_.train_pipeline]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=200, lr=0.0001, warmup_epochs=0,
    losses=dict(global_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', optimizer=dict(type='AdamW', lr=0.0001, weight_decay=1e-06, fused=True))
