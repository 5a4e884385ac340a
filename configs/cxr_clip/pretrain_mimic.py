# CXR-CLIP: two views and two texts of a study; temperature from 0.07, 5e-5 after an epoch of warm-up, 15 epochs along a
# cosine, decay 1e-4, batches of 128 and linear maps to 512, as in the configs of its public code. Negatives are the
# studies of all processes, there as here. What differs:
# - [CLS] stands for a text (there: [SEP]), and no dropout is before the projections (there: 0.1);
# - the two views are two draws among the frontal views, and the two texts two draws of some of the sentences
#   (there: also lateral views; findings and impression, or back-translation; prompts from labels of other data sets);
# - this project's rotation and flip augment the images (there: crops of 0.8 to 1.1, CLAHE, brightness and contrast).
_base_ = ['../_base_/methods/r50_bert.py', '../_base_/datasets/mimic_cxr.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/cxr_clip_mimic'

model = dict(
    type='CXRCLIP', embed_dims=512)

train_pipeline = [dict(type='TwoVisits', transforms=[
    dict(type='ShuffleSentences', subset_prob=1.) if step.type == 'ShuffleSentences' else step
    for step in _base_.train_pipeline])]
train_dataloader = dict(batch_size=128, dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=15, lr=5e-05, warmup_epochs=1,
    losses=dict(image_to_text=0.5, text_to_image=0.5, image_to_image=1., text_to_text=0.5))]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', optimizer=dict(type='AdamW', lr=5e-05, weight_decay=0.0001, fused=True))
