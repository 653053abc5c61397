"""Bodies of overviews."""

from datetime import date
from uuid import UUID

from pydantic import Field

from app.http.schemas import Instant, View
from app.models import ParticipationState, Status
from app.phases.clock import PhaseState

ByStatus = dict[Status, int]


class DayView(View):
    """What came in on a day."""

    day: date = Field(description="In UTC.")
    by_status: ByStatus = Field(description="Submissions that came then, by what became of them.")


class FailureCountView(View):
    """Why submissions were rejected, or failed."""

    code: str = Field(description="The failure's code.")
    status: Status = Field(description="`rejected` for the file's fault, `failed` for ours.")
    count: int = Field(description="How many.")
    last_at: Instant = Field(description="When it last happened.")


class QueueView(View):
    """What is on its way."""

    queued: int = Field(description="Submissions that wait.")
    running: int = Field(description="Submissions that are being scored.")
    oldest_waiting_s: float = Field(description="For how long the first of them has; 0 if none.")


class PhaseOverview(View):
    """How a phase goes."""

    id: UUID = Field(description="The phase's id.")
    slug: str = Field(description="Its slug.")
    title: str = Field(description="Its name.")
    state: PhaseState = Field(description="By the clock.")
    opens_at: Instant = Field(description="First instant of the window.")
    closes_at: Instant = Field(description="First instant after the window.")
    teams: int = Field(description="Teams that handed in.")
    submissions: ByStatus = Field(description="Submissions of teams by status.")
    baselines: ByStatus = Field(description="Baselines by status.")
    days: list[DayView] = Field(description="Days on which teams handed in, the first one first.")
    failures: list[FailureCountView] = Field(description="By code, the most frequent first.")
    queue: QueueView = Field(description="What is on its way to this phase.")
    board_is_current: bool = Field(
        description="Whether the board shows all that was scored and decided up to now."
    )
    ranked_at: Instant | None = Field(description="When the board was last ranked; null if never.")


class TeamInPhaseView(View):
    """What a team handed in to a phase."""

    phase: str = Field(description="Slug of the phase.")
    submissions: ByStatus = Field(description="By status.")
    last_at: Instant = Field(description="When the last one came.")


class TeamOverview(View):
    """A team in the challenge."""

    participation_id: UUID = Field(description="Id of its participation.")
    team: str = Field(description="Its name.")
    state: ParticipationState = Field(description="Whether it was let in.")
    disqualified: bool = Field(description="Whether it is out.")
    members: int = Field(description="People who take part with it.")
    entered_at: Instant = Field(description="When it accepted the terms, last.")
    last_at: Instant | None = Field(description="When it last handed in; null if never.")
    phases: list[TeamInPhaseView] = Field(description="Where it handed in.")


class ParticipationsView(View):
    """Participations by how they stand."""

    pending: int = Field(description="They wait for an organizer.")
    approved: int = Field(description="They take part.")
    declined: int = Field(description="They do not.")
    disqualified: int = Field(description="Of those, the ones that are out.")


class AlikeView(View):
    """A submission that is like another."""

    submission_id: UUID = Field(description="The submission.")
    phase: str = Field(description="Slug of its phase.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    method_name: str = Field(description="What its team calls its method.")
    received_at: Instant = Field(description="When it came.")


class DuplicateView(View):
    """One matrix, handed in by several: of each the first submission with it."""

    matrix_sha256: str = Field(description="Of the matrix.")
    submissions: list[AlikeView] = Field(description="The oldest one first.")


class NearDuplicateView(View):
    """The two most alike submissions of two teams, which are not equal."""

    similarity: float = Field(description="1 for copies that are scaled, rotated, or shifted.")
    first: AlikeView = Field(description="The one that came first.")
    second: AlikeView = Field(description="The other one.")


class NearDuplicatesView(View):
    """Submissions of different teams that tell the same: a reason to ask, no verdict."""

    threshold: float = Field(
        description="From which similarity on. Different encoders of one data set stay below 0.88 "
        "in our measurements, copies that were rotated with a tenth of noise above 0.95."
    )
    compared: int = Field(description="How many matrices of teams and baselines were compared.")
    left: int = Field(description="How many were not: they are compared within minutes.")
    pairs: list[NearDuplicateView] = Field(description="The most alike one first; at most 100.")


class StorageView(View):
    """What the challenge's submissions take."""

    matrices: int = Field(description="Different matrices.")
    bytes: int = Field(description="Their bytes, as far as shapes tell.")


class BlobsView(View):
    """Files of one kind."""

    kind: str = Field(description="What they hold.")
    files: int = Field(description="How many.")
    bytes: int = Field(description="What they take.")


class DiskView(View):
    """What the server's blob store and its disk hold, of all challenges."""

    blobs: list[BlobsView] = Field(
        description="What BLOB_ROOT holds, by kind; with a bucket, that is this machine's cache."
    )
    total_bytes: int = Field(description="Of the disk that the blob store is on.")
    free_bytes: int = Field(description="What is left of it.")


class ServerView(View):
    """The server as a whole: who works, and what everybody together waits for."""

    workers: int | None = Field(description="Those that reported lately; null: Redis is down.")
    queue: QueueView = Field(description="What is on its way, of all challenges.")
    rescoring_waiting: int = Field(
        description="Submissions of open re-scorings that wait, of all challenges; they are "
        "scored when the queue is empty."
    )
    disk: DiskView | None = Field(
        description="What is stored; for the server's operator, null for everybody else."
    )


class OverviewView(View):
    """How a challenge goes, as its organizers see it."""

    challenge: str = Field(description="Slug of the challenge.")
    title: str = Field(description="Its name.")
    at: Instant = Field(description="When this was so.")
    queue: QueueView = Field(description="What is on its way to this challenge.")
    participations: ParticipationsView = Field(description="Teams by how they stand.")
    phases: list[PhaseOverview] = Field(description="Its phases, in their order.")
    teams: list[TeamOverview] = Field(
        description="Its teams, the one that handed in last first; at most 1,000."
    )
    duplicates: list[DuplicateView] = Field(
        description="Matrices that more than one team, or a team and an organizer, handed in; at "
        "most 100."
    )
    near_duplicates: NearDuplicatesView = Field(description="Those that are nearly equal.")
    storage: StorageView = Field(description="What its submissions take.")
    server: ServerView = Field(
        description="The whole server, in counts: no other challenge is named."
    )
