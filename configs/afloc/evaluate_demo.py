# The demo's checkpoint on held-out studies (SYNTHETIC images): zero-shot classification, and retrieval both ways.
_base_ = ['./pretrain_demo.py', '../_base_/methods/demo_prompts.py']
work_dir = 'work_dirs/afloc_demo'
model = dict(type='ZeroShotAFLoc', prompts=_base_.prompts, tokenizer=_base_.tokenizer)
test_dataloader = dict(dataset=dict(exclusive_labels=list(_base_.prompts)))
test_evaluator = [dict(type='ZeroShotMetric', protocol='demo/1'), dict(type='RetrievalMetric', protocol='demo/1')]
