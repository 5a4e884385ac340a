"""What can be wrong with the data, told so that a user can mend it."""


class StudyError(ValueError):
    """A study that cannot be used: the message names it and the mend. ``on_error='skip'`` passes over it."""


class ImageError(StudyError):
    """An image file that is missing, damaged, or no radiograph; the message names the file and the mend."""


class AnnotationError(ValueError):
    """An annotation file that does not follow the schema; the message names the file, the place and the mend."""
