# Phrase grounding on SIIM-ACR pneumothorax (masks; a prompt stands for the phrase).
#     python tools/dataset_converters/grounding.py siim data/siim
#     python tools/test.py configs/downstream/siim_grounding.py
# NEVER RUN with weights of MIMIC-CXR: they were not at hand.
_base_ = './ms_cxr_grounding.py'
test_dataloader = dict(dataset=dict(data_root='{{$SIIM_ROOT:data/siim}}'))
