# The demo's checkpoint on held-out studies (SYNTHETIC images): zero-shot classification, and retrieval both ways.
# Five findings that the reports hold enough of, and the test studies that show exactly one of them.
_base_ = './pretrain_demo.py'
work_dir = 'work_dirs/pretrain_demo'

# The prompts are in the words of the reports, which are all that a text encoder trained on nothing else knows. They
# were chosen on the training studies.
prompts = {
    'Atelectasis': ['There is bibasilar atelectasis', 'There is subsegmental atelectasis'],
    'Cardiomegaly': ['The heart is enlarged', 'There is cardiomegaly'],
    'Lung Lesion': ['There is a nodule in the lung', 'There is a mass in the lung'],
    'Lung Opacity': ['Left lower lobe opacity', 'Right middle lobe airspace disease'],
    'Support Devices': ['There is a pacemaker', 'Catheter tip in the SVC'],
}
model = dict(type='ZeroShotClassifier', prompts=prompts, tokenizer=_base_.tokenizer)
test_dataloader = dict(dataset=dict(exclusive_labels=list(prompts)))
test_evaluator = [dict(type='ZeroShotMetric', protocol='demo/1'), dict(type='RetrievalMetric', protocol='demo/1')]
