# AFLoc: 128 studies on 2 GPUs, temperatures 4, 5 and 10, sentences against the third stage, words against the second,
# all weights 1. Rate and epochs are GLoRIA's: its own are not known here. What differs from the published code:
# - sentences are those of the annotation file, full stops being words of theirs (there: full stops cut, and drop out);
# - text passes a linear map to the joint space; unknown words count;
# - 224 pixels, this project's augmentation and a cosine; sentences are shuffled;
# - negatives, local ones too, are the studies of all processes (there: each GPU its own 64).
_base_ = ['../_base_/methods/r50_bert.py', '../_base_/datasets/mimic_cxr_words.py', '../_base_/default_runtime.py']

model = dict(
    type='AFLoc', embed_dims=768, local_channels=1024, word_channels=512,
    text_encoder=dict(last_layers=4),
    image_encoder=dict(backbone=dict(out_indices=(1, 2, 3))))

train_dataloader = dict(batch_size=64)

stages = [dict(
    name='pretraining', epochs=50, lr=5e-05, warmup_epochs=0,
    losses=dict(global_alignment=1., sentence_alignment=1., word_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', optimizer=dict(type='AdamW', lr=5e-05, weight_decay=1e-06, fused=True))
