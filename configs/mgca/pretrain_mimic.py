# MGCA with a ResNet-50 as published: 144 studies on 2 GPUs, 50 epochs, 2e-5 after 20 epochs of warm-up, decay 0.05,
# temperatures 0.07, 0.1 and 0.2, 500 prototypes, patches of the third stage, whole reports as written, of 112 word
# pieces at most, joint space of 128, all three losses with weight 1. What differs:
# - padded words are in no denominator (published_padding=True keeps them), and [SEP] is no word;
# - a word is weighted with the attention paid to itself (there: to the word piece after it);
# - the prototypes learn in the first epoch, too, and no validation loss ends the run;
# - projections have one hidden layer without batch normalisation; images have 224 pixels (there enlarged to 299 inside
#   the ResNet, so 19 x 19 patches, here 14 x 14), this project's augmentation;
# - negatives, and Sinkhorn's equal shares, are over the studies of all processes (there: each GPU its own).
_base_ = ['../_base_/methods/r50_bert.py', '../_base_/datasets/mimic_cxr_words.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/mgca_mimic'

model = dict(
    type='MGCA', embed_dims=128, hidden_dims=2048, local_channels=1024,
    image_encoder=dict(backbone=dict(out_indices=(2, 3))),
    prototypes=dict(type='CrossModalPrototypes', num_prototypes=500))

train_pipeline = [{**step, 'max_length': 112} if step.type == 'TokenizeReport' else step
                  for step in _base_.train_pipeline if step.type != 'ShuffleSentences']
train_dataloader = dict(batch_size=72, dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=50, lr=2e-05, warmup_epochs=20,
    losses=dict(global_alignment=1., token_alignment=1., prototype=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', optimizer=dict(type='AdamW', lr=2e-05, weight_decay=0.05, fused=True))
