# Report drafts on the demo's held-out studies (real reports, SYNTHETIC images), by the demo's pre-trained model; see
# ../report_drafts.py.
_base_ = '../../prior/pretrain_demo.py'
custom_imports = dict(imports=['prior_mm.inference.draft_task'], allow_failed_imports=False)
trained_by = 'configs/prior/pretrain_demo.py'
work_dir = 'work_dirs/pretrain_demo'
test_evaluator = dict(_delete_=True, type='DraftMetric', protocol='demo/1')
test_cfg = dict(type='DraftLoop', archive=dict(data_root=_base_.data_root, ann_file='annotations/train.json'))
