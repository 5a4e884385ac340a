"""Report text to sections to sentences."""
from .remarks import has_medical_word
from .sections import ReportSections, find_sections
from .sentences import SENTENCE_SPLITTER, report_sentences, section_sentences, split_sentences

__all__ = ['SENTENCE_SPLITTER', 'ReportSections', 'find_sections', 'has_medical_word', 'report_sentences',
           'section_sentences', 'split_sentences']
