"""`explain_folder` on 300 photographs: how long it takes and how much memory, in a process of its own.

The photographs are tiles of twelve that scikit-image and scikit-learn ship: textures, things, the sky, and what microscopes or
oculists see. `python -m benchmarks.bench_explain_folder SECONDS` interrupts it after so much processor time, again and
again, and adds up: every run goes on where the one before was interrupted.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_image

PHOTOS = {
    "texture": ("brick", "grass", "gravel"),
    "sky": ("moon", "hubble_deep_field", "rocket"),
    "medicine": ("retina", "immunohistochemistry", "cell"),
    "thing": ("coffee", "chelsea", "flower.jpg"),
}
_EXPLAIN = """
import json, resource, signal, sys, time
import xaihelpers as xh

def stop(*_): raise KeyboardInterrupt

if float(sys.argv[3]):
    signal.signal(signal.SIGXCPU, stop)
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[3]), int(sys.argv[3]) + 60))
done = False
try:
    report = xh.explain_folder(sys.argv[1], work=sys.argv[2], progress=False)
    report.save(sys.argv[2] + "/report.html")
    done = True
    print(report)
except KeyboardInterrupt:
    pass
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([done, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9]))
"""


def write_folder(folder):
    """Write 300 JPEG files: 25 tiles of each of twelve photographs, in four classes."""
    for name, photos in PHOTOS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for photo in photos:
            pixels = load_sample_image(photo) if photo.endswith(".jpg") else getattr(skimage.data, photo)()
            whole = Image.fromarray(np.asarray(pixels)).convert("RGB")
            width, height = (edge // 5 for edge in whole.size)
            for k in range(25):
                left, top = k % 5 * width, k // 5 * height
                whole.crop((left, top, left + width, top + height)).save(folder / name / f"{photo}-{k:02}.jpg", quality=92)


def explained(folder, work, limit):
    """Return (processor seconds, GB) of each run until the report is there; limit: processor seconds of a run, 0 for none."""
    runs = []
    while True:
        command = [sys.executable, "-c", _EXPLAIN, str(folder), str(work), str(limit)]
        done = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()
        finished, processor, memory = json.loads(done[-1])
        runs.append((processor, memory))
        if finished:
            return runs, "\n".join(done[:-1])


def main(limit, work):
    folder = work / "photographs"
    if not folder.exists():
        write_folder(folder)
    start = time.perf_counter()
    runs, said = explained(folder, work / "work", limit)
    clock = time.perf_counter() - start
    print(said)
    print(
        f"explain_folder, 300 photographs: {clock:.0f} s by the clock, {sum(run[0] for run in runs):.0f} s of processor time in "
        f"{len(runs)} runs, peak memory {max(run[1] for run in runs):.2f} GB; asked: ten minutes, under 3 GB"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(int(sys.argv[1]) if sys.argv[1:] else 0, Path(sys.argv[2] if sys.argv[2:] else temporary))
