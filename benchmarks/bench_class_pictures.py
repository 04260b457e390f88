"""Do other networks see the class in the pictures that lesson 06 shows? Counts, not times; nothing is drawn anew."""

from .class_pictures import opinions

if __name__ == "__main__":
    opinions()
