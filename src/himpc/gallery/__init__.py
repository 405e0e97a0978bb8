"""A gallery of people who are enrolled by their recordings: who is this, and is it anybody we know?"""

from himpc.gallery.answer import Answer, Match, Moment, Near
from himpc.gallery.calibration import Calibration, calibrate
from himpc.gallery.gallery import Gallery
from himpc.gallery.records import Enrolled, Event, KnownRecording, Person

__all__ = [
    "Answer",
    "Calibration",
    "Enrolled",
    "Event",
    "Gallery",
    "KnownRecording",
    "Match",
    "Moment",
    "Near",
    "Person",
    "calibrate",
]
