# Phrase grounding on MS-CXR by the pre-trained model itself: nothing is trained. Protocol prior_mm/1.
#     python tools/dataset_converters/grounding.py ms_cxr data/mimic-cxr --annotations MS_CXR_Local_Alignment_v1.1.0.csv
#     python tools/test.py configs/downstream/ms_cxr_grounding.py
# NEVER RUN on MS-CXR or with weights of MIMIC-CXR: neither was at hand.
_base_ = ['../_base_/models/prior_r50_bert.py', '../_base_/default_runtime.py']
trained_by = 'configs/prior/pretrain_mimic.py'
work_dir = 'work_dirs/pretrain_mimic'  # its best checkpoint, else its last, is taken; results/ gets the figures
data_root = '{{$MIMIC_CXR_ROOT:data/mimic-cxr}}'

model = dict(type='PhraseGrounder', maps=('cosine', 'attention', 'gradient'), image_encoder=dict(pretrained=None))
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(
        type='PhraseGrounding', data_root=data_root, ann_file='annotations/grounding/test.json',
        validation_file='annotations/grounding/validate.json', pipeline=[
            dict(type='LoadRadiograph', size=224, view='first'),
            dict(type='ResizeRadiograph', size=(224, 224)),
            dict(type='TokenizeReport', tokenizer=_base_.text_encoder, max_length=256),
            dict(type='LoadRegion', region='boxes'),
            dict(type='PackStudy')]))
test_evaluator = [
    dict(type='GroundingMetric', map='cosine', protocol='prior_mm/1'),
    dict(type='GroundingMetric', map='attention', protocol='prior_mm/1', prefix='grounding_attention'),
    dict(type='GroundingMetric', map='gradient', protocol='prior_mm/1', prefix='grounding_gradient'),
]
test_cfg = dict()
