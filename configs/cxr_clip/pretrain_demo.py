# The demo of CXR-CLIP on real reports and SYNTHETIC radiographs: data, encoders and epochs of PRIOR's demo.
_base_ = ['../_base_/datasets/demo.py', '../_base_/methods/demo.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/cxr_clip_demo'

model = dict(
    type='CXRCLIP', embed_dims=128)

train_pipeline = [dict(type='TwoVisits', transforms=[
    dict(type='ShuffleSentences', subset_prob=1.) if step.type == 'ShuffleSentences' else step
    for step in _base_.train_pipeline])]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=60, lr=0.0007, warmup_epochs=1,
    losses=dict(image_to_text=0.5, text_to_image=0.5, image_to_image=1., text_to_text=0.5))]
train_cfg = dict(type='StagedTrainLoop', stages=stages, val_interval=10)
