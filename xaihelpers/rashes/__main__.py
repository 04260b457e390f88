"""`python -m xaihelpers.rashes` draws the shipped test split again."""

from .shipped import write_test_split

if __name__ == "__main__":
    print(f"120 images and their masks are in {write_test_split()}")
