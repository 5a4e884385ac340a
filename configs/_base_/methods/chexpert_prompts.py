# The order of the classes is that of the annotation file. Of a class's prompts the mean counts. The published code has
# one prompt a class, `<class> is observed`.
prompts = {
    'Atelectasis': [
        'Atelectasis is observed', 'There is bibasilar atelectasis', 'Linear opacities reflect discoid atelectasis',
        'Volume loss at the lung base is consistent with atelectasis', 'Low lung volumes with atelectatic changes'],
    'Cardiomegaly': [
        'Cardiomegaly is observed', 'The heart is enlarged', 'The cardiac silhouette is enlarged',
        'Heart size is moderately enlarged', 'There is stable mild cardiomegaly'],
    'Consolidation': [
        'Consolidation is observed', 'There is a focal consolidation', 'Dense airspace consolidation in the lower lobe',
        'Confluent opacity with air bronchograms', 'Patchy consolidation is concerning for pneumonia'],
    'Edema': [
        'Edema is observed', 'There is pulmonary edema', 'Mild interstitial pulmonary edema',
        'Pulmonary vascular congestion with interstitial edema', 'Perihilar opacities consistent with edema'],
    'Pleural Effusion': [
        'Pleural effusion is observed', 'There is a pleural effusion', 'Small bilateral pleural effusions',
        'Blunting of the costophrenic angle reflects a pleural effusion', 'Moderate layering pleural effusion'],
}
