# Zero-shot classification of CheXpert 5x200 by MGCA, after pretrain_mimic.py: nothing is trained.
# NEVER RUN on CheXpert or with weights of MIMIC-CXR: neither was at hand.
_base_ = ['./pretrain_mimic.py', '../_base_/methods/mimic_tasks.py']
model = dict(
    type='ZeroShotMGCA', prompts=_base_.prompts, tokenizer=_base_.text_encoder,
    data_preprocessor=dict(mean=0.5063, std=0.2895), image_encoder=dict(pretrained=None))
test_dataloader = dict(dataset=_base_.films)
test_evaluator = dict(_delete_=True, type='ZeroShotMetric', protocol='prior/1')
