"""The scenes of the EARTHVISION 2025 season, one after the other."""

from app.clock import set_clock
from tests.e2e.rehearsal import TEAMS, Rehearsal, at

COPIED = "The same embeddings as another team's, turned and scaled."


def play(season: Rehearsal) -> None:
    """Play the season from its announcement to its report."""
    season.open()
    before_it_opens(season)
    development(season)
    a_merge_and_an_extension(season)
    test_phase(season)
    a_label_bug_on_the_last_day(season)
    at_the_close(season)
    a_copy_is_disqualified(season)
    season.settle()


def before_it_opens(season: Rehearsal) -> None:
    """Nobody hands in before the phase opens."""
    season.seen["too early"] = season.hand_in(0, "dev")


def development(season: Rehearsal) -> None:
    """Eleven teams hand in; one finds the end of its quota, and hands in the day after."""
    season.go_to(at(3, 10, 0, 1))
    season.ada.api.ok(
        "POST",
        f"/challenges/{season.slug}/announcements",
        json={"title": "We are open", "body": "The development phase has begun."},
    )
    for team in range(TEAMS - 1):
        season.must_hand_in(team, "dev", method_name=f"Encoder {team}")
        season.settle()  # a board for each; together they could be ranked once
    for number in range(4):
        season.settle()
        season.must_hand_in(0, "dev", method_name=f"Encoder 0, try {number + 2}")
    season.seen["over quota"] = season.hand_in(0, "dev")
    season.go_to(at(3, 11, 0, 30))
    season.seen["a day later"] = season.hand_in(0, "dev")


def a_merge_and_an_extension(season: Rehearsal) -> None:
    """Two teams become one; the phase closes a day later than announced."""
    season.go_to(at(3, 20))
    season.merge(3, joining=4)
    season.go_to(at(3, 31, 22))
    season.seen["extension"] = season.extend(
        "dev", "The server was down for three hours.", closes_at="2025-04-02T00:00:00Z"
    )
    season.go_to(at(4, 1, 12))
    season.must_hand_in(5, "dev", method_name="Encoder 5, thanks to the extension")
    season.go_to(at(4, 2, 0, 1))
    season.seen["after the extension"] = season.hand_in(6, "dev")


def test_phase(season: Rehearsal) -> None:
    """Ten teams are left; one copies another; one is granted a fourth submission."""
    season.go_to(at(4, 3, 0, 5))
    season.seen["without dev"] = season.hand_in(TEAMS - 1, "test")
    playing = [team for team in range(TEAMS - 1) if team not in (4, 8)]
    for team in playing:
        season.must_hand_in(team, "test", method_name=f"Encoder {team}")
    season.must_hand_in(8, "test", like=1, method_name="All our own work")
    for number in range(2):
        season.must_hand_in(2, "test", method_name=f"Encoder 2, try {number + 2}")
    season.settle()
    season.seen["fourth"] = season.hand_in(2, "test")
    season.seen["exception"] = season.extend(
        "test",
        "Their first upload was cut off by our proxy.",
        participation_id=season.participation(2),
        extra_submissions=1,
    )
    season.must_hand_in(2, "test", method_name="Encoder 2, the last")


def a_label_bug_on_the_last_day(season: Rehearsal) -> None:
    """Labels of one task were sorted; both phases are scored again by the right ones."""
    season.go_to(at(4, 5, 18))
    season.seen["boards before"] = {
        slug: season.board(phase) for slug, phase in season.phases.items()
    }
    season.seen["rescoring"] = season.rescore(
        season.right_labels(), "The labels of forest were sorted by size, not by cube."
    )
    season.settle()
    season.seen["boards after"] = {
        slug: season.board(phase) for slug, phase in season.phases.items()
    }


def at_the_close(season: Rehearsal) -> None:
    """What is in time is scored, however late; what comes after is refused."""
    season.settle()
    season.stop_worker()
    season.seen["in time"] = season.must_hand_in(0, "test", method_name="At the last minute")
    set_clock(season.clock, at(4, 6, 0, 1))  # what is on its way stays there
    season.seen["too late"] = season.hand_in(1, "test")
    season.system.start("worker")
    season.settle()


def a_copy_is_disqualified(season: Rehearsal) -> None:
    """The overview shows who is too much alike; the organizers decide."""
    season.seen["alike"] = season.near_duplicates()
    season.ada.api.ok(
        "PUT",
        f"/challenges/{season.slug}/participations/{season.participation(8)}/disqualification",
        json={"reason": COPIED, "public": True},
    )
