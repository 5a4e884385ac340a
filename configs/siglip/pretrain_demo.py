# The demo of SigLIP's sigmoid loss on real reports and SYNTHETIC radiographs: data, encoders, epochs of PRIOR's demo.
_base_ = ['../_base_/datasets/demo.py', '../_base_/methods/demo.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/siglip_demo'

model = dict(
    type='DualEncoder', embed_dims=128, hidden_dims=128, text_pooling='max',
    global_alignment=dict(type='SigmoidAlignment'))

train_pipeline = [dict(type='ShuffleSentences', at_most=1) if step.type == 'ShuffleSentences' else step
                  for step in _base_.train_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=60, lr=0.0007, warmup_epochs=1,
    losses=dict(global_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages, val_interval=10)
