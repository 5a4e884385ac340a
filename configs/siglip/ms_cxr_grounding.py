# Phrase grounding on MS-CXR by ConVIRT with SigLIP's loss, after pretrain_mimic.py: nothing is trained.
# Protocol prior_mm/1.
# NEVER RUN on MS-CXR or with weights of MIMIC-CXR: neither was at hand.
_base_ = ['./pretrain_mimic.py', '../_base_/methods/mimic_tasks.py']
model = dict(type='PhraseGrounderDualEncoder', maps=_base_.maps, image_encoder=dict(pretrained=None))
test_dataloader = dict(dataset=_base_.phrases)
test_evaluator = _base_.of_maps
