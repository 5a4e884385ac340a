# Beyond the paper: a local alignment that has to look at the finding (docs/grounding.md). Patches of
# the second stage, which see no more than what lies around them, at stride 16; negatives from other reports; and no
# mirrored images, for reports name sides.
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
