"""Parts keep out of each other's way: hands under the lead, chords off the bass, forms that return."""

from __future__ import annotations

from musicgen_assets.arrangement.form_growth import is_stuck, returning_forms
from musicgen_assets.arrangement.registers import clear_of_bass, hand_down
from musicgen_assets.arrangement.section_lengths import Wish

NOMINAL = {"intro": Wish(4, 4), "verse": Wish(8, 4), "chorus": Wish(8, 4), "outro": Wish(4, 4)}


def test_a_hand_comes_down_to_the_middle_of_the_lead_and_no_further_than_a_fifth() -> None:
    middles = {"Verse 1": 66, "Chorus 1": 80, "Verse 2": 50}
    assert hand_down(70, "Verse 1", middles) == 4
    assert hand_down(70, "Chorus 1", middles) == 0
    assert hand_down(70, "Verse 2", middles) == 7
    assert hand_down(70, "Intro", middles) == 0


def test_a_chord_tone_within_a_third_of_a_low_bass_is_left_out_and_the_rest_is_kept() -> None:
    chord = [(0, 480, pitch, 70) for pitch in (45, 52, 57, 64)]
    assert [row[2] for row in clear_of_bass(chord, [(0, 480, 43, 90)])] == [52, 57, 64]
    assert clear_of_bass(chord, [(0, 480, 45, 90)]) == chord
    assert clear_of_bass(chord, [(480, 480, 43, 90)]) == chord


def test_a_section_that_swallows_a_song_is_noticed() -> None:
    assert is_stuck(("intro", "verse", "chorus"), (2, 4, 15), NOMINAL, 21)
    assert is_stuck(("verse", "chorus", "outro"), (8, 8, 11), NOMINAL, 27)
    assert not is_stuck(("intro", "verse", "chorus", "verse", "chorus"), (2, 4, 4, 4, 7), NOMINAL, 21)


def test_verse_and_hook_return_after_the_last_hook() -> None:
    assert returning_forms(("intro", "verse", "chorus", "outro"))[0] == (
        "intro", "verse", "chorus", "verse", "chorus", "outro",
    )  # fmt: skip
    assert returning_forms(("verse", "bridge")) == ()
