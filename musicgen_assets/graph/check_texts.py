"""What each check promises, in a sentence: for the Dagster UI, reports and docs.

Belongs here: words. Does not belong here: bounds (mastering.bounds, style files) or measuring.
"""

from __future__ import annotations

from collections.abc import Mapping

CHECK_TEXTS: Mapping[str, str] = {
    "brief_is_legal": "The request keeps every rule and limit.",
    "context_is_consistent": "The resolved decisions fit each other and the overrides won.",
    "harmonic_consistency": "Chords belong to the key or are explained, and sections cadence.",
    "rhythmic_stability": "The pulse is steady and the pattern recurs, without being a dead loop.",
    "lyric_quality": "The words keep to their theme, rhyme, scan, fit the mood, and stand in their parts.",
    "melodic_coherence": "The melody moves singably, recurs, rests on chord tones and resolves.",
    "structural_integrity": "Sections differ where they should, recur where they should, and the song ends.",
    "stems_are_sound": "Every stem is finite, of full length, and not silent where it has notes.",
    "stems_sum_to_mix": "The post-mix stems, as stored, sum to the mix to -90 dB or below.",
    "loudness": "Integrated loudness (ITU-R BS.1770-4) is within 1 LU of the target.",
    "true_peak": "The master's true peak stays under its ceiling.",
    "decoded_true_peak": "So does every lossy file after decoding: codecs overshoot.",
    "dynamic_range": "TT-DR is at least what the style and target ask for.",
    "spectrum": "Third-octave levels lie inside the corridor of this kind of music, and so does the slope.",
    "phase": "Left and right do not cancel: correlation of -0.2 or more.",
    "mono_fold_down": "Played in mono, it loses at most 3 LU.",
    "clipping": "No run of samples is flat at full scale or below.",
    "dc_offset": "The mean of each channel is below 0.001.",
    "silence": "There is no silence over 2 s inside the song.",
    "duration": "The song is as long as asked.",
    "likeness": "Band by band and moment by moment, the master does what its mix does.",
    "tone": "Each octave was turned by what mastering planned, and by nothing else.",
    "pumping": "Nothing breathes: from mix to master the gain hardly moves at the pace of beats.",
    "added_noise": "The softest moments of each band hold what the mix had there: no hiss, no hum.",
    "stereo_width": "Where several parts play, they are not all in the middle, and the low end is.",
    "channel_lag": "Left and right play at the same time.",
    "ending": "The end dies away or is faded; nothing is cut off.",
    "clicks": "Mastering left no clicks: bursts of a millisecond over the whole spectrum.",
    "lead_audibility": "The voice, or the lead, is not drowned by the rest.",
    "parts_heard": "Every part sounds where it has notes.",
    "timing": "Every part plays when its notes are written, at the end of the song as at its beginning.",
    "intonation": "Every part sounds at the pitches written for it.",
    "ambience": "The lead stands in a room, not in a void.",
    "cymbals": "The hi-hats are a part of the kit and not above it.",
    "tempo": "The audio pulses within 1 % of the planned tempo.",
    "key": "The audio is in the planned key, or one of the same notes.",
    "stems_null": "The stems of this mix null against it.",
    "melodic_score": "The tune of the written song scores .8 or more, its hook among it.",
    "harmonic_score": "The harmony of the written song, as played, scores .85 or more.",
    "rhythmic_score": "The rhythm of the written song, as played, scores .9 or more: stable and varied.",
    "structural_score": "The form of the written song scores .7 or more, its ending among it.",
    "lyric_score": "What is sung scores .7 or more as words: rhyme, refrain, subject, stress.",
    "release_is_intact": "Every file of the release decodes, has its length, and matches its checksum.",
}
"""Check name to its promise."""
