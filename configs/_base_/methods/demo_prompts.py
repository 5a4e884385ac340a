# The prompts of configs/prior/evaluate_demo.py, which says how they were chosen.
prompts = {
    'Atelectasis': ['Low lung volumes with bibasilar atelectasis', 'Bibasilar atelectasis',
                    'There is scarring or atelectasis'],
    'Cardiomegaly': ['The heart is enlarged', 'The heart size is mildly enlarged', 'There is cardiomegaly'],
    'Lung Lesion': ['Calcified nodule', 'There is a pulmonary nodule', 'There is a right upper lobe mass'],
    'Lung Opacity': ['Left lower lobe opacity', 'Patchy opacities in the lungs', 'Right upper lobe opacity'],
    'Support Devices': ['Catheter tip in the SVC', 'There is a tube', 'Sternotomy and pacemaker'],
}
