# Pneumonia or not by MRM's lists, fine-tuned; figure: AUROC.
#     python tools/dataset_converters/rsna.py data/rsna --protocol mrm/1 --split-dir LISTS --labels BOTH.csv
#     python tools/train.py configs/downstream/mrm/rsna_cls.py       (--labels 1, --pretrained FILE ...)
# BOTH.csv: the rows of stage_2_train_labels.csv, and of the test set's, whose films lie in stage_2_test_images.
# NEVER RUN on RSNA's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = '../rsna_cls.py'
downstream = dict(protocol='mrm/1', repeat='official', normalise=(0.4978, 0.2449))
