"""Galleries: enroll people by their recordings, and identify them in new ones."""

from typing import TYPE_CHECKING

from himpc._extras import import_on_first_use

if TYPE_CHECKING:
    from himpc.gallery.answer import Answer, Match, Moment, Neighbour, Verdict
    from himpc.gallery.cache import RevisionCache
    from himpc.gallery.calibration import Calibration, calibrate
    from himpc.gallery.catalog.changes import check_name
    from himpc.gallery.frame_weights import FrameWeights
    from himpc.gallery.gallery import Gallery, get_service
    from himpc.gallery.opening import gallery_exists
    from himpc.gallery.ranking import give_different_people
    from himpc.gallery.recordings import check_persons, embed_recordings
    from himpc.gallery.records import EnrolledRecording, Enrollment, Event, Person, PersonQuality, QueueItem
    from himpc.gallery.review import Decision
    from himpc.gallery.search import SearchOptions
    from himpc.gallery.service import GalleryService
    from himpc.gallery.store import Entries, VectorStore
    from himpc.gallery.transfer import export_gallery, import_gallery
    from himpc.gallery.watcher import Arrival, FolderWatcher, MergeSuggestion, suggest_merges

__all__ = [
    "Answer",
    "Arrival",
    "Calibration",
    "Decision",
    "EnrolledRecording",
    "Enrollment",
    "Entries",
    "Event",
    "FolderWatcher",
    "FrameWeights",
    "Gallery",
    "GalleryService",
    "Match",
    "MergeSuggestion",
    "Moment",
    "Neighbour",
    "Person",
    "PersonQuality",
    "QueueItem",
    "RevisionCache",
    "SearchOptions",
    "VectorStore",
    "Verdict",
    "calibrate",
    "check_name",
    "check_persons",
    "embed_recordings",
    "export_gallery",
    "gallery_exists",
    "get_service",
    "give_different_people",
    "import_gallery",
    "suggest_merges",
]

__getattr__ = import_on_first_use(
    __name__,
    {
        "answer": "Answer Match Moment Neighbour Verdict",
        "cache": "RevisionCache",
        "calibration": "Calibration calibrate",
        "catalog.changes": "check_name",
        "frame_weights": "FrameWeights",
        "gallery": "Gallery get_service",
        "opening": "gallery_exists",
        "ranking": "give_different_people",
        "recordings": "check_persons embed_recordings",
        "records": "EnrolledRecording Enrollment Event Person PersonQuality QueueItem",
        "review": "Decision",
        "search": "SearchOptions",
        "service": "GalleryService",
        "store": "Entries VectorStore",
        "transfer": "export_gallery import_gallery",
        "watcher": "Arrival FolderWatcher MergeSuggestion suggest_merges",
    },
)


def __dir__() -> list[str]:
    return __all__
