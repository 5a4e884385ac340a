# demo.py for methods that align words: the reports say which word each word piece belongs to.
_base_ = './demo.py'

train_pipeline, test_pipeline = (
    [{**step, 'words': True} if step.type == 'TokenizeReport' else step for step in pipeline]
    for pipeline in (_base_.train_pipeline, _base_.test_pipeline))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
