# Retrieval of reports for radiographs, and the reverse, among studies of MIMIC-CXR that show exactly one of the five
# findings of CheXpert 5x200 (paper section 4.2). Nothing is trained.
#     python tools/dataset_converters/mimic_5x200.py data/mimic-cxr --seeds 114514
#     python tools/test.py configs/downstream/chexpert5x200_retrieval.py
# All five lists of the protocol prior/1, with mean and deviation:
#     python tools/dataset_converters/mimic_5x200.py data/mimic-cxr --protocol prior/1
#     python tools/repeat.py configs/downstream/chexpert5x200_retrieval.py
# NEVER RUN on MIMIC-CXR: it was not at hand.
_base_ = ['../_base_/models/prior_r50_bert.py', '../_base_/default_runtime.py']
trained_by = 'configs/prior/pretrain_mimic.py'
work_dir = 'work_dirs/pretrain_mimic'  # its best checkpoint, else its last, is taken; results/ gets the figures
draws = {f'seed{seed}': f'annotations/mimic_5x200_seed{seed}.json' for seed in range(114514, 114519)}
data_root = '{{$MIMIC_CXR_ROOT:data/mimic-cxr}}'

model = dict(image_encoder=dict(pretrained=None))
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(
        type='StudyDataset', data_root=data_root, ann_file='annotations/mimic_5x200_seed114514.json',
        exclusive_labels=['Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural Effusion'], pipeline=[
            dict(type='LoadRadiograph', size=224, view='first'),
            dict(type='ResizeRadiograph', size=(224, 224)),
            dict(type='TokenizeReport', tokenizer=_base_.text_encoder, max_length=256),
            dict(type='PackStudy')]))
test_evaluator = dict(
    type='RetrievalMetric', protocol='prior/1', class_cutoffs=(1, 2, 5, 10), instance_cutoffs=(1, 5, 10))
test_cfg = dict()
