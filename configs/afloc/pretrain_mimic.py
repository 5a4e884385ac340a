# AFLoc as its public code trains it: 128 studies on 2 GPUs, Adam with 2e-5 and decay 1e-6, gradients clipped at 0.25,
# 6 epochs, temperatures 4, 5 and 10, some of the sentences at each visit and 97 word pieces of them, sentences against
# the third stage, words against the second, the mean of the word pieces for the report, all weights 1. What differs:
# - sentences are those of the annotation file, full stops being words of theirs (there: full stops cut, and drop out);
# - text passes a linear map to the joint space (there: none); unknown words count; [SEP] and [CLS] are in a report's
#   mean, padding is not (a cosine sees no difference);
# - the map of a phrase is of the mean of its words, as the code's inference.py has it (localization.py: of the report);
# - 224 pixels (there enlarged to 299 inside the network), this project's augmentation (there: crops of 224 from 256);
# - the rate falls along a cosine (there: by a tenth after each epoch);
# - negatives, local ones too, are the studies of all processes (there: each GPU its own 64).
_base_ = ['../_base_/methods/r50_bert.py', '../_base_/datasets/mimic_cxr_words.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/afloc_mimic'

model = dict(
    type='AFLoc', embed_dims=768, local_channels=1024, word_channels=512,
    text_encoder=dict(last_layers=4),
    image_encoder=dict(backbone=dict(out_indices=(1, 2, 3))))

of_some = dict(ShuffleSentences=dict(subset_prob=1.), TokenizeReport=dict(max_length=97))
train_pipeline = [{**step, **of_some.get(step.type, {})} for step in _base_.train_pipeline]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=6, lr=2e-05, warmup_epochs=0,
    losses=dict(global_alignment=1., sentence_alignment=1., word_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', clip_grad=dict(max_norm=0.25),
    optimizer=dict(type='Adam', lr=2e-05, betas=(0.5, 0.999), weight_decay=1e-06, fused=True))
