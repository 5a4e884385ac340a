# The demo's checkpoint on the phrases of held-out reports (SYNTHETIC images): nothing is trained.
_base_ = ['./pretrain_demo.py', '../_base_/methods/demo_grounding.py']
work_dir = 'work_dirs/convirt_demo'
model = dict(type='PhraseGrounderConVIRT', maps=_base_.maps)
test_dataloader = dict(dataset=_base_.phrases)
test_evaluator = _base_.of_maps
