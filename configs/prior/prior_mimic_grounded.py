# Beyond the paper: a local alignment that has to look at the finding (docs/grounding.md). Patches of
# the second stage, which see no more than what lies around them, at stride 16; negatives from other reports; no
# mirrored images, for reports name sides; and of the first stage's 20 epochs two thirds for the global alignment alone,
# as in the demo's.
# NEVER RUN on MIMIC-CXR: it was not at hand.
_base_ = './pretrain_mimic.py'

model = dict(
    image_encoder=dict(backbone=dict(out_indices=(1, 3)), patch_channels=512, stride=16),
    local_alignment=dict(type='GroundedAlignment'))
train_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadRadiograph', size=224),
    dict(type='ResizeRadiograph', size=(224, 224)),
    dict(type='RandomRotateRadiograph', degrees=5),
    dict(type='ShuffleSentences'),
    dict(type='TokenizeReport', tokenizer=_base_.tokenizer, max_length=256),
    dict(type='PackStudy'),
]))

alignment = dict(global_alignment=1., local_image=1., local_text=1.)
stages = [
    dict(name='alignment', epochs=13, lr=1e-5, warmup_epochs=1, warmup_lr=1e-7, losses=dict(global_alignment=1.)),
    dict(name='grounding', epochs=7, lr=1e-5, warmup_epochs=1, warmup_lr=1e-7, losses=alignment),
    *_base_.stages[1:],
]
train_cfg = dict(stages=stages)
