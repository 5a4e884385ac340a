# The demo's checkpoint on held-out studies (SYNTHETIC images): zero-shot classification, and retrieval both ways.
# Five findings that the reports hold enough of, and the test studies that show exactly one of them.
_base_ = './pretrain_demo.py'
work_dir = 'work_dirs/pretrain_demo'

# The prompts are in the words of the reports, which are all that a text encoder trained on nothing else knows. They
# were chosen on the training studies, with the models of seeds 0 and 1.
prompts = {
    'Atelectasis': ['Low lung volumes with bibasilar atelectasis', 'Bibasilar atelectasis',
                    'There is scarring or atelectasis'],
    'Cardiomegaly': ['The heart is enlarged', 'The heart size is mildly enlarged', 'There is cardiomegaly'],
    'Lung Lesion': ['Calcified nodule', 'There is a pulmonary nodule', 'There is a right upper lobe mass'],
    'Lung Opacity': ['Left lower lobe opacity', 'Patchy opacities in the lungs', 'Right upper lobe opacity'],
    'Support Devices': ['Catheter tip in the SVC', 'There is a tube', 'Sternotomy and pacemaker'],
}
model = dict(type='ZeroShotClassifier', prompts=prompts, tokenizer=_base_.tokenizer)
test_dataloader = dict(dataset=dict(exclusive_labels=list(prompts)))
test_evaluator = [dict(type='ZeroShotMetric', protocol='demo/1'), dict(type='RetrievalMetric', protocol='demo/1')]
