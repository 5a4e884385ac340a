# Phrase grounding on RSNA pneumonia (boxes; a prompt stands for the phrase).
#     python tools/dataset_converters/grounding.py rsna data/rsna
#     python tools/test.py configs/downstream/rsna_grounding.py
# NEVER RUN with weights of MIMIC-CXR: they were not at hand.
_base_ = './ms_cxr_grounding.py'
test_dataloader = dict(dataset=dict(data_root='{{$RSNA_ROOT:data/rsna}}'))
