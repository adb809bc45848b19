"""Our meters beside ffmpeg's ebur128 filter: integrated loudness and true peak of the same files.

``python -m benchmarks.ebur128 FILE [FILE ...]`` prints a row a file and the largest differences; asked are 0.1 LU and
0.2 dB. ffmpeg must be installed. It measures what it decodes, so files are best lossless.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from dsp.audiofile import decode
from dsp.loudness import integrated_lufs, true_peak_dbtp

_INTEGRATED = re.compile(r"I:\s+(-?[\d.]+) LUFS")
_PEAK = re.compile(r"Peak:\s+(-?[\d.]+) dBFS")


def main() -> None:
    """See the module."""
    if shutil.which("ffmpeg") is None:
        sys.exit("not run: ffmpeg is not installed")
    print("| file | LUFS ours | ffmpeg | dBTP ours | ffmpeg |\n|---|---|---|---|---|")
    apart_lu, apart_db = 0.0, 0.0
    for name in sys.argv[1:]:
        samples, rate = decode(Path(name).read_bytes())
        ours = integrated_lufs(samples, rate), true_peak_dbtp(samples, rate)
        theirs = by_ffmpeg(Path(name))
        apart_lu = max(apart_lu, abs(ours[0] - theirs[0]))
        apart_db = max(apart_db, abs(ours[1] - theirs[1]))
        print(
            f"| {Path(name).name[:16]} | {ours[0]:.2f} | {theirs[0]:.1f} | {ours[1]:.2f} | {theirs[1]:.1f} |",
            flush=True,
        )
    print(f"{len(sys.argv) - 1} files, at most {apart_lu:.2f} LU and {apart_db:.2f} dB apart (ffmpeg tells tenths)")


def by_ffmpeg(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, as its summary says."""
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = told[told.rindex("Summary:") :]
    integrated, peak = _INTEGRATED.search(summary), _PEAK.search(summary)
    if integrated is None or peak is None:
        raise ValueError(f"ffmpeg's summary of {path} holds no figures: {summary}")
    return float(integrated.group(1)), float(peak.group(1))


if __name__ == "__main__":
    main()
