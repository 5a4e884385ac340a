# Report drafts on held-out studies of MIMIC-CXR, beside the report of the nearest image, the most frequent report and
# a random one. Nothing is trained: the model needs its last stage, for the sentence decoder.
#     python tools/test.py configs/downstream/report_drafts.py
# Open-i, in the same schema: MIMIC_CXR_ROOT=data/openi.
# NEVER RUN on MIMIC-CXR: it was not at hand.
_base_ = ['../_base_/models/prior_r50_bert.py', '../_base_/default_runtime.py']
custom_imports = dict(imports=['prior_mm.inference.draft_task'], allow_failed_imports=False)
trained_by = 'configs/prior/pretrain_mimic.py'
work_dir = 'work_dirs/pretrain_mimic'  # its best checkpoint, else its last, is taken; results/ gets the figures
data_root = '{{$MIMIC_CXR_ROOT:data/mimic-cxr}}'

model = dict(image_encoder=dict(pretrained=None))
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(
        type='StudyDataset', data_root=data_root, ann_file='annotations/test.json', pipeline=[
            dict(type='LoadRadiograph', size=224, view='first'),
            dict(type='ResizeRadiograph', size=(224, 224)),
            dict(type='TokenizeReport', tokenizer=_base_.text_encoder, max_length=256),
            dict(type='PackStudy')]))
test_evaluator = dict(type='DraftMetric', protocol='drafts/1')
# What drafts and baselines draw on: the studies of the training.
test_cfg = dict(type='DraftLoop', archive=dict(data_root=data_root, ann_file='annotations/train.json'))
