# Retrieval of reports for radiographs, and the reverse, among the held-out studies of a data set of one's own.
#     python tools/test.py configs/downstream/own_retrieval.py
# With exclusive_labels (names of your classes) also by finding, among the studies that show exactly one of them.
_base_ = ['../_base_/models/prior_r50_bert.py', '../_base_/datasets/own.py', '../_base_/default_runtime.py']
trained_by = 'configs/prior/pretrain_own.py'
work_dir = 'work_dirs/pretrain_own'  # its best checkpoint, else its last, is taken; results/ gets the figures
model = dict(image_encoder=dict(pretrained=None))
test_evaluator = dict(type='RetrievalMetric', protocol='own/1', class_cutoffs=(1, 2, 5, 10),
                      instance_cutoffs=(1, 5, 10))
test_cfg = dict()
