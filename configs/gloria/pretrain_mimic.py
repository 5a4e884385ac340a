# GLoRIA as published: 48 studies, Adam with 5e-5 and decay 1e-6, gradients clipped at 0.25, 50 epochs at most,
# temperatures 4, 5 and 10, one sentence of the report at each visit, regions of the third stage, words as sums of their
# pieces and of the last four layers, joint space of 768. What differs:
# - it learns from MIMIC-CXR (there: from CheXpert with its reports, which are not public);
# - text passes a linear map to the joint space, as images do (there: none);
# - unknown words count; a report's vector is the mean of its word pieces, with [CLS] and [SEP], over no padding;
# - images have 224 pixels (there enlarged to 299 inside the network, so 19 x 19 regions, here 14 x 14) and this
#   project's rotation and flip (there: crops of 224 from 256);
# - the rate falls along a cosine (there: when the validation loss stands still, which also ends the run);
# - negatives, local ones too, are the studies of all processes (there: each GPU its own).
_base_ = ['../_base_/methods/r50_bert.py', '../_base_/datasets/mimic_cxr_words.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/gloria_mimic'

model = dict(
    type='GLoRIA', embed_dims=768, local_channels=1024,
    text_encoder=dict(last_layers=4),
    image_encoder=dict(backbone=dict(out_indices=(2, 3))))

of_one = dict(ShuffleSentences=dict(at_most=1), TokenizeReport=dict(max_length=97))
train_pipeline = [{**step, **of_one.get(step.type, {})} for step in _base_.train_pipeline]
train_dataloader = dict(batch_size=48, dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=50, lr=5e-05, warmup_epochs=0,
    losses=dict(global_alignment=1., local_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', clip_grad=dict(max_norm=0.25),
    optimizer=dict(type='Adam', lr=5e-05, betas=(0.5, 0.999), weight_decay=1e-06, fused=True))
