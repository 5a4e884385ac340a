"""CheXpert's labels from the text of reports."""
