"""Do other networks see the class in the pictures that lesson 06 shows, and in which way of drawing best? Counts, not times.

Nothing is drawn anew. The pictures of the lesson are asked about again; what compares four ways is read from the stored table,
which `python -m benchmarks.class_ways` makes.
"""

from .class_pictures import opinions
from .class_ways import report

if __name__ == "__main__":
    opinions()
    print(*report(), sep="\n")
