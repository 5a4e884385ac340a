# The demo of MGCA on real reports and SYNTHETIC radiographs: data, encoders and epochs of PRIOR's demo.
_base_ = ['../_base_/datasets/demo_words.py', '../_base_/methods/demo.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/mgca_demo'

model = dict(
    type='MGCA', embed_dims=128, hidden_dims=128, local_channels=128,
    image_encoder=dict(backbone=dict(out_indices=(2, 3))),
    prototypes=dict(type='CrossModalPrototypes', num_prototypes=64))

stages = [dict(
    name='pretraining', epochs=60, lr=0.0007, warmup_epochs=1,
    losses=dict(global_alignment=1., token_alignment=1., prototype=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages, val_interval=10)
