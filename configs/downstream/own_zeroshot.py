# Zero-shot classification of a data set of one's own by the pre-trained model itself: nothing is trained. Your classes
# and prompts come into a file of your own, with this one as its base (docs/your_data.md):
#     python tools/dataset_converters/table.py data/mine --classes Pneumonia
#     python tools/test.py my_zeroshot.py
_base_ = ['../_base_/models/prior_r50_bert.py', '../_base_/default_runtime.py']
trained_by = 'configs/prior/pretrain_own.py'
work_dir = 'work_dirs/pretrain_own'  # its best checkpoint, else its last, is taken; results/ gets the figures
data_root = '{{$OWN_ROOT:data/mine}}'

# In the order of the annotation file's classes. Of a class's prompts the mean counts.
prompts = {
    'no Pneumonia': ['The lungs are clear', 'There is no evidence of pneumonia'],
    'Pneumonia': ['Pneumonia is observed', 'Patchy consolidation is concerning for pneumonia'],
}
model = dict(
    type='ZeroShotClassifier', prompts=prompts, tokenizer=_base_.text_encoder, local_weight=0.5, scale='exp',
    image_encoder=dict(pretrained=None))

test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type='VisitSampler', shuffle=False),
    collate_fn=dict(type='collate_studies'),
    dataset=dict(
        type='LabelledRadiographs', data_root=data_root,
        ann_file='annotations/own/{{$OWN_REPEAT:seed0}}/zero_shot/test.json', pipeline=[
            dict(type='LoadRadiograph', size=224, view='first'),
            dict(type='ResizeRadiograph', size=(224, 224)),
            dict(type='PackStudy')]))
test_evaluator = dict(type='ZeroShotMetric', protocol='own/1')
test_cfg = dict()
