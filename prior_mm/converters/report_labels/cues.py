"""Words that deny a finding or leave it open, as negspacy takes them (its rule is NegEx, Chapman et al. 2001).

A cue reaches over the findings after it ("preceding") or before it ("following") to the end of the sentence, or to a
word of "termination"; a "pseudo" cue is none.
"""
_NOT_EXCLUDED = [
    'cannot exclude', 'cannot entirely exclude', 'cannot completely exclude', 'cannot rule out', 'cannot be excluded',
    'can not be excluded', 'not excluded', 'not entirely excluded', 'not completely excluded', 'not be ruled out',
    'not ruled out', 'not be entirely excluded', 'difficult to exclude']
_UNCHANGED = [
    'no change', 'no interval change', 'no significant change', 'no significant interval change', 'no relevant change',
    'no substantial change', 'no appreciable change', 'without change', 'without significant change',
    'without interval change', 'not changed', 'not significantly changed', 'not appreciably changed', 'no increase',
    'not increased', 'no decrease', 'no progression', 'no further', 'not only', 'not well seen', 'not well visualized']
_TERMINATION = [
    'but', 'however', 'although', 'though', 'except', 'with the exception of', 'aside from', 'apart from', 'other than',
    'otherwise', 'which', 'while', 'nevertheless', 'yet', 'there is', 'there are', 'heart is', ';', ':']

NEGATION = dict(
    pseudo_negations=_NOT_EXCLUDED + _UNCHANGED,
    preceding_negations=[
        'no', 'not', 'non', 'nor', 'neither', 'never', 'without', 'w/o', 'absent', 'absence of', 'lack of', 'free of',
        'free from', 'clear of', 'cleared', 'clearing of', 'negative for', 'unremarkable for', 'exclude', 'denies',
        'resolved', 'resolution of', 'resolving of', 'removed', 'removal of', 'rather than', 'instead of'],
    following_negations=[
        'is not', 'are not', 'was not', 'were not', 'has not', 'have not', 'not seen', 'not identified', 'not present',
        'not visualized', 'not evident', 'not demonstrated', 'not appreciated', 'no longer', 'unlikely', 'absent',
        'resolved', 'has resolved', 'have resolved', 'cleared', 'has cleared', 'have cleared', 'removed',
        'been removed', 'has been removed', 'have been removed', 'is excluded', 'ruled out'],
    termination=_TERMINATION)

UNCERTAINTY = dict(
    pseudo_negations=[],
    preceding_negations=_NOT_EXCLUDED + [
        'may', 'might', 'could', 'possible', 'possibly', 'possibility of', 'potential', 'potentially', 'perhaps',
        'probable', 'probably', 'presumed', 'presumably', 'question', 'question of', 'questionable', 'suspect',
        'suspected', 'suspicious for', 'suspicion for', 'suspicion of', 'concern for', 'concerning for',
        'worrisome for', 'suggestion of', 'versus', 'vs', 'either', 'less likely', 'differential', 'consider',
        'considered', 'favor', 'favored', 'borderline', 'equivocal', 'evaluate for', 'correlate for', 'rule out',
        'r/o', 'can be seen with'],
    following_negations=_NOT_EXCLUDED + [
        'possible', 'is possible', 'are possible', 'also possible', 'suspected', 'is suspected', 'are suspected',
        'is questioned', 'is considered', 'may be considered', 'consideration', 'in the differential', 'less likely',
        'may be present', 'could be present', 'versus', 'vs', 'not well seen', 'not well visualized'],
    termination=_TERMINATION)
