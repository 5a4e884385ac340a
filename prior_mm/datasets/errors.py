"""What can be wrong with the data, told so that a user can mend it."""


class StudyError(ValueError):
    """A study that cannot be used: the message names it and the mend. ``on_error='skip'`` passes over it.

    Args:
        message: What is wrong. PyTorch makes an error of a worker process anew from the text of its traceback: of that
            the end is taken, which is the message that the worker gave.
    """

    def __init__(self, message: str) -> None:
        if message.startswith('Caught ') and 'Original Traceback' in message:
            message = message.rsplit(f'{type(self).__name__}: ', 1)[-1].strip()
        super().__init__(message)


class ImageError(StudyError):
    """An image file that is missing, damaged, or no radiograph; the message names the file and the mend."""


class AnnotationError(ValueError):
    """An annotation file that does not follow the schema; the message names the file, the place and the mend."""
