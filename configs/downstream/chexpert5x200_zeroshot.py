# Zero-shot classification of CheXpert 5x200 (paper section 4.2) by the pre-trained model itself: nothing is trained.
#     python tools/dataset_converters/chexpert_5x200.py data/CheXpert-v1.0-small --list chexpert_5x200.json
#     python tools/test.py configs/downstream/chexpert5x200_zeroshot.py
# All five lists of the protocol prior/1, with mean and deviation:
#     python tools/dataset_converters/chexpert_5x200.py data/CheXpert-v1.0-small --protocol prior/1
#     python tools/repeat.py configs/downstream/chexpert5x200_zeroshot.py
# NEVER RUN on CheXpert or with weights of MIMIC-CXR: neither was at hand.
_base_ = ['../_base_/models/prior_r50_bert.py', '../_base_/methods/chexpert_prompts.py', '../_base_/default_runtime.py']
trained_by = 'configs/prior/pretrain_mimic.py'
work_dir = 'work_dirs/pretrain_mimic'  # its best checkpoint, else its last, is taken; results/ gets the figures
draws = {f'seed{seed}': f'annotations/chexpert_5x200_seed{seed}.json' for seed in range(114514, 114519)}
data_root = '{{$CHEXPERT_ROOT:data/CheXpert-v1.0-small}}'

# CheXpert's own mean and deviation, as the published code has it here; those of pre-training are 0.4755 and 0.3011.
model = dict(
    type='ZeroShotClassifier', prompts=_base_.prompts, tokenizer=_base_.text_encoder, local_weight=0.5, scale='exp',
    data_preprocessor=dict(mean=0.5063, std=0.2895), image_encoder=dict(pretrained=None))

test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(
        type='LabelledRadiographs', data_root=data_root, ann_file='annotations/chexpert_5x200.json',
        classes=list(_base_.prompts), pipeline=[
            dict(type='LoadRadiograph', size=224, view='first'),
            dict(type='ResizeRadiograph', size=(224, 224)),
            dict(type='PackStudy')]))
test_evaluator = dict(type='ZeroShotMetric', protocol='prior/1')
test_cfg = dict()
