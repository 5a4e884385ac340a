# Retrieval on MIMIC 5x200 by BenchX's list; its tables show hit rate and precision at 1, 5 and 10, image to text.
#     python tools/dataset_converters/mimic_5x200.py data/mimic-cxr --protocol benchx/2 --list mimic_5x200_ids.csv
#     python tools/test.py configs/downstream/benchx/mimic_cxr_retrieval.py
# NEVER RUN on MIMIC-CXR: it was not at hand.
_base_ = '../chexpert5x200_retrieval.py'
draws = None
test_dataloader = dict(dataset=dict(ann_file='annotations/mimic_5x200.json'))
test_evaluator = dict(protocol='benchx/2')
