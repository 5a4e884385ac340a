"""From the raw layouts of the supervised data sets to what MMPretrain, MMDetection and MMSegmentation read."""
