# ConVIRT as its paper trains it: 32 studies a batch, Adam with 1e-4, temperature 0.1, three quarters from image to
# text, one sentence of the report at each visit, joint space of 512. The authors published no code; the numbers of the
# loss are those of two re-implementations. What differs from the paper and from these:
# - the rate falls along a cosine, not when the validation loss stands still; 200 epochs are our reading;
# - the embeddings and first six layers of BERT are trained, too; rotation and flip of this project augment the images;
# - negatives are the studies of all processes (there: of one GPU).
_base_ = ['../_base_/methods/r50_bert.py', '../_base_/datasets/mimic_cxr.py', '../_base_/default_runtime.py']
work_dir = 'work_dirs/convirt_mimic'

model = dict(
    type='ConVIRT', embed_dims=512)

train_pipeline = [dict(type='ShuffleSentences', at_most=1) if step.type == 'ShuffleSentences' else step
                  for step in _base_.train_pipeline]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))

stages = [dict(
    name='pretraining', epochs=200, lr=0.0001, warmup_epochs=0,
    losses=dict(global_alignment=1.))]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', optimizer=dict(type='Adam', lr=0.0001, weight_decay=1e-06, fused=True))
