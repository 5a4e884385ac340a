"""What a model says of a DICOM radiograph, as DICOM: scores as a structured report, a heat map as a segmentation.

Both name the patient and the study of the radiograph, as DICOM objects of one study must, are marked as research in
every place that a viewer shows, and are neither complete, final nor verified.
"""
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import generate_uid

from prior_mm.files.whole_files import whole_file
from prior_mm.version import __version__

#: Stands in the description of each series and in each report.
RESEARCH_ONLY = 'RESEARCH ONLY, no medical device'
_OWN, _CHEST_RADIOGRAPH = '99PRIOR_MM', ('399208008', 'SCT', 'Plain chest X-ray')
_MAKER: dict[str, Any] = dict(manufacturer='prior_mm', manufacturer_model_name='PRIOR', software_versions=__version__,
                              device_serial_number='none')


def write_structured_report(source: str | Path, scores: Mapping[str, float], out: str | Path,
                            model_sha256: str) -> None:
    """Write the scores of one radiograph as a Comprehensive SR by the template of imaging measurements (TID 1500).

    Args:
        source: The DICOM file that was scored.
        scores: By sentence or class, any finite numbers: they are similarities and no probabilities of a disease.
        out: The file to write, whole or not at all.
        model_sha256: Hash of the weights, which tells the model.

    Raises:
        ValueError: If the file lacks what names its patient and study, or a score is not finite or has no name.
        ImportError: If highdicom is missing.
    """
    _highdicom()
    from highdicom import sr
    from pydicom.sr.codedict import codes
    if not scores or not all(name.strip() and np.isfinite(value) for name, value in scores.items()):
        raise ValueError(f'scores must be finite numbers, each with a name, got {dict(scores)}')
    image = _read(source)
    device = sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=(
        sr.DeviceObserverIdentifyingAttributes(uid=generate_uid(entropy_srcs=[model_sha256]), name='prior_mm',
                                               model_name='PRIOR')))
    algorithm = sr.AlgorithmIdentification(name='PRIOR', version=f'{__version__}, weights {model_sha256[:16]}',
                                           parameters=[RESEARCH_ONLY])
    measurements = [sr.Measurement(
        name=sr.CodedConcept(f'S{number}', _OWN, _short(name)), value=float(value), unit=codes.UCUM.NoUnits,
        tracking_identifier=sr.TrackingIdentifier(generate_uid(), name))
        for number, (name, value) in enumerate(scores.items())]
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(generate_uid(), f'{RESEARCH_ONLY}: similarity of image and sentence'),
        algorithm_id=algorithm, measurements=measurements,
        source_images=[sr.SourceImageForMeasurementGroup.from_source_image(image)])
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=sr.CodedConcept(*_CHEST_RADIOGRAPH), imaging_measurements=[group],
        title=codes.DCM.ImagingMeasurementReport)
    report = sr.ComprehensiveSR(
        evidence=[image], content=content, series_instance_uid=generate_uid(), series_number=9001,
        sop_instance_uid=generate_uid(), instance_number=1, manufacturer=_MAKER['manufacturer'], is_complete=False,
        is_final=False, is_verified=False, series_description=RESEARCH_ONLY)
    _write(report, out)


def write_heat_map(source: str | Path, heat: np.ndarray, sentence: str, out: str | Path, model_sha256: str) -> None:
    """Write where a sentence is seen as a fractional segmentation of the radiograph.

    Args:
        source: The DICOM file that was looked at.
        heat: The map, float (H', W'), of any size and scale; it is enlarged to the radiograph (bilinear), and its
            lowest and highest value become 0 and 255.
        sentence: What was looked for.
        out: The file to write, whole or not at all.
        model_sha256: Hash of the weights, which tells the model.

    Raises:
        ValueError: If the file lacks what names its patient and study, or the map is not finite or of two axes.
        ImportError: If highdicom is missing.
    """
    hd = _highdicom()
    from highdicom import seg
    from pydicom.sr.codedict import codes
    heat = np.asarray(heat, dtype=np.float32)
    if heat.ndim != 2 or not heat.size or not np.isfinite(heat).all():
        raise ValueError(f'a heat map must be finite numbers of two axes, got {heat.dtype} {heat.shape}')
    image = _read(source)
    heat = cv2.resize(heat, (int(image.Columns), int(image.Rows)), interpolation=cv2.INTER_LINEAR)
    low, high = float(heat.min()), float(heat.max())
    fractions = (heat - low) / (high - low) if high > low else np.zeros_like(heat)
    segment = seg.SegmentDescription(
        segment_number=1, segment_label=_short(sentence),
        segmented_property_category=codes.SCT.SpatialAndRelationalConcept,
        segmented_property_type=hd.sr.CodedConcept('SEEN', _OWN, 'where the model sees the sentence'),
        algorithm_type=seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            'PRIOR', codes.DCM.ArtificialIntelligence, f'{__version__}, weights {model_sha256[:16]}'))
    _write(seg.Segmentation(
        source_images=[image], pixel_array=fractions[None], segmentation_type=seg.SegmentationTypeValues.FRACTIONAL,
        segment_descriptions=[segment], series_instance_uid=generate_uid(), series_number=9002,
        sop_instance_uid=generate_uid(), instance_number=1, omit_empty_frames=False,
        content_description=RESEARCH_ONLY, series_description=RESEARCH_ONLY, **_MAKER), out)


def _highdicom() -> Any:
    try:
        import highdicom
    except ImportError:
        raise ImportError('results as DICOM need highdicom: pip install highdicom') from None
    return highdicom


def _read(source: str | Path) -> pydicom.Dataset:
    """The radiograph with what its results must repeat; empty where the standard allows that."""
    try:
        image = pydicom.dcmread(source)
    except InvalidDicomError:
        raise ValueError(f'{Path(source).name} is no DICOM file, so no result as DICOM can refer to it') from None
    missing = [name for name in ('StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID', 'SOPClassUID', 'Rows',
                                 'Columns') if not image.get(name)]
    if missing:
        raise ValueError(f'{Path(source).name} lacks {", ".join(missing)}, without which no result can refer to it')
    for name in ('PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'StudyID', 'StudyDate', 'StudyTime',
                 'AccessionNumber', 'ReferringPhysicianName'):
        if name not in image:
            setattr(image, name, '')
    return image


def _short(text: str) -> str:
    """A text of at most 64 characters, which is what DICOM allows a label."""
    return text if len(text) <= 64 else text[:63] + '\u2026'


def _write(dataset: pydicom.Dataset, out: str | Path) -> None:
    with whole_file(out) as file:
        dataset.save_as(file, enforce_file_format=True)
