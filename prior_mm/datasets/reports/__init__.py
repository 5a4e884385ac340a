"""Report text to sections to sentences."""
from .sections import ReportSections, find_sections
from .sentences import SENTENCE_SPLITTER, report_sentences, section_sentences, split_sentences

__all__ = ['SENTENCE_SPLITTER', 'ReportSections', 'find_sections', 'report_sentences', 'section_sentences',
           'split_sentences']
