# The demo of GLoRIA on real reports and SYNTHETIC radiographs: data, encoders and epochs of PRIOR's demo.
_base_ = ['../_base_/datasets/demo_words.py', '../_base_/methods/demo.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/gloria_demo'

model = dict(
    type='GLoRIA', embed_dims=128, local_channels=128,
    local_alignment=dict(type='RegionAlignment', chunk=2**20),  # what a processor's caches hold
    text_encoder=dict(last_layers=2),
    image_encoder=dict(backbone=dict(out_indices=(2, 3))))

stages = [dict(
    name='pretraining', epochs=60, lr=0.0007, warmup_epochs=1,
    losses=dict(global_alignment=1., local_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages, val_interval=10)
