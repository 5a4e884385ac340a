# GLoRIA as published: 48 studies, 5e-5, decay 1e-6, 50 epochs at most, temperatures 4, 5 and 10, regions of the third
# stage, words as sums of their pieces and of the last four layers, joint space of 768. What differs:
# - text passes a linear map to the joint space, as images do (there: none);
# - unknown words count; a report's vector is the mean of its word pieces, with [CLS] and [SEP], over no padding;
# - images have 224 pixels and this project's rotation and flip (there: crops of 224 from 256);
# - the rate falls along a cosine (there: when the validation loss stands still, which also ends the run), and gradients
#   are not clipped (there: at 0.25);
# - sentences are shuffled, and whole sentences that fit into 97 word pieces are kept (there: the first 97 words);
# - negatives, local ones too, are the studies of all processes (there: each GPU its own).
_base_ = ['../_base_/methods/r50_bert.py', '../_base_/datasets/mimic_cxr_words.py', '../_base_/default_runtime.py']

model = dict(
    type='GLoRIA', embed_dims=768, local_channels=1024,
    text_encoder=dict(last_layers=4),
    image_encoder=dict(backbone=dict(out_indices=(2, 3))))

train_pipeline = [{**step, 'max_length': 97} if step.type == 'TokenizeReport' else step
                  for step in _base_.train_pipeline]
train_dataloader = dict(batch_size=48, dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=50, lr=5e-05, warmup_epochs=0,
    losses=dict(global_alignment=1., local_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', optimizer=dict(type='AdamW', lr=5e-05, weight_decay=1e-06, fused=True))
